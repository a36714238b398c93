//! Deployments and releases as data: what lies where on a server (`layout`), what is kept of a deployment (`record`), and what client and
//! server say to each other (`protocol`).
//!
//! Deliberately absent: who reads and writes it. The server's own part is the room `server`, the client's is `domains::deploy`, and what
//! moves containers is `domains::rollout`.

pub mod layout;
pub mod protocol;
pub mod record;
