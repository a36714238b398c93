//! A server's own part of a deployment: the hook, the worker that does it detached, and the answers to a client's questions.
