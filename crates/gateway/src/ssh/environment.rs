//! Environment requests: what a client may set for the program that it asks for.

use access::policy::environment::is_permitted;

use super::options::SshOptions;
use crate::relay::Crossing;

/// The crossing for an `env` request: the variable, or the refusal of it, which tells the recording its name alone. The
/// value of a refused variable may be a secret that was never meant for this target.
pub(crate) fn crossing(options: &SshOptions, name: &str, value: &str) -> Result<Crossing, Crossing> {
    if is_permitted(name, value, &options.environment) {
        return Ok(Crossing::Env { name: name.to_owned(), value: value.to_owned() });
    }
    let what = format!("the environment variable {}", shown(name));
    Err(Crossing::Refused { what, why: String::new() })
}

/// A name as the recording keeps it: on one line and of bounded length.
fn shown(name: &str) -> String {
    name.chars().take(64).flat_map(char::escape_default).collect()
}
