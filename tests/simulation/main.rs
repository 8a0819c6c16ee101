//! The ownership core in simulated time: many pods in one thread, and a seed that decides everything.
//!
//! The pods are the real ones: registry, actors, ownership, configuration, drain. Simulated are what lies outside of
//! them: time, the network, the store of ownership and the journal (in memory), TSEs, clients and proxies. A seed gives
//! one run, always the same; a failing one is kept in `regressions.txt`. `simulate.sh` runs as many as you like.
//!
//! ```text
//! run ─ plan (what goes wrong) ─ simulation (virtual time) ─┬─ pods: host, edges ──┐
//!                                                           └─ clients, proxies ───┴─ wire ─ net ─ world
//! witness: sees everything, and says what must not happen
//! ```

mod cashbox;
mod chance;
mod client;
mod edges;
mod host;
mod mutant;
mod net;
mod plan;
mod pod;
mod proxy;
mod run;
mod seeds;
mod simulation;
mod tse;
mod wire;
mod witness;
mod world;
