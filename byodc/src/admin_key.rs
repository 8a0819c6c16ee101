//! A fresh key for an operator: shown once, kept nowhere. Pods and proxies are told its digest alone.

use shared::access::admin_keys::AdminKey;

use crate::cli::AdminKeyOf;

/// Prints the key and its entry to standard output, and to people what to do with them.
pub fn print(of: AdminKeyOf) {
    let (secret, key) = AdminKey::fresh(of.name, of.role);
    println!("key:   {}", secret.as_str());
    println!("entry: {key}");
    eprintln!(
        "\nThe key is for its holder and is kept nowhere; send it as \"Authorization: Bearer <key>\".\n\
         The entry goes into Byodc__Admin__Keys of pods and proxies, after a comma if there are others."
    );
}
