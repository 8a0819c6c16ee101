//! Tells cargo that the migrations are part of the build: `sqlx::migrate!` reads them while it compiles, which cargo
//! does not see by itself.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
