//! Env files and other secrets of the project, and the places that hold them: the forge, workspaces, servers.

mod compare;
mod item;
mod limits;
mod unpack;
mod values;
