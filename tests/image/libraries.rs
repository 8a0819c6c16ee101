//! What the binary needs of the system it runs on, compared with what the image's base has.

use std::process::Command;

use harness::binary::byodc;

use crate::dockerfile::Dockerfile;

/// Debian's releases as image names know them, and the C library of each.
const DEBIAN: [(&str, &str, Version); 3] = [
    ("bookworm", "debian12", Version(2, 36)),
    ("trixie", "debian13", Version(2, 41)),
    ("forky", "debian14", Version(2, 42)),
];
/// What the image's base has besides the kernel's own.
const LIBRARIES: [&str; 5] = [
    "libc.so.6",
    "libm.so.6",
    "libgcc_s.so.1",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
];

/// A version of the C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32);

impl Version {
    fn read(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        let minor = minor.split(|digit: char| !digit.is_ascii_digit()).next()?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .output()
        .unwrap_or_else(|fault| panic!("{program} (package binutils): {fault}"));
    assert!(output.status.success(), "{program}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn readelf(flag: &str) -> String {
    output("readelf", &[flag, "--wide", byodc().to_str().unwrap()])
}

#[test]
fn the_binary_needs_no_library_that_the_image_does_not_have() {
    let needed: Vec<String> = readelf("--dynamic")
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .filter_map(|line| Some(line.split_once('[')?.1.trim_end_matches(']').to_owned()))
        .collect();
    assert!(needed.contains(&"libc.so.6".to_owned()), "not read: {needed:?}");
    let strange: Vec<_> = needed
        .iter()
        .filter(|library| !LIBRARIES.contains(&library.as_str()))
        .collect();
    assert!(strange.is_empty(), "the base image has no {strange:?}");
}

/// The image's own build can break this only if its two images are of different releases, which is asserted in any case.
/// A binary built on a newer system than the image's says nothing about the image, so there only that is asserted.
#[test]
fn the_binary_needs_no_newer_c_library_than_the_image_has() {
    let file = Dockerfile::read();
    let (build, base) = (file.default_of("BUILD_IMAGE"), file.default_of("BASE_IMAGE"));
    let release = DEBIAN
        .iter()
        .find(|(name, number, _)| build.contains(name) && base.contains(number));
    let (_, _, of_image) = release
        .unwrap_or_else(|| panic!("{build} and {base} are not of one Debian release that is known here"));
    let of_machine = output("ldd", &["--version"]);
    let of_machine = of_machine
        .lines()
        .next()
        .and_then(|line| Version::read(line.rsplit(' ').next()?))
        .expect("ldd tells its version");
    let needed = readelf("--version-info")
        .split_whitespace()
        .filter_map(|word| Version::read(word.strip_prefix("GLIBC_")?))
        .max()
        .expect("the binary needs a C library");
    assert!(needed >= Version(2, 17), "not read: {needed:?}");
    assert!(
        needed <= *of_image || of_machine > *of_image,
        "the binary needs {needed:?}, the image has {of_image:?}"
    );
}
