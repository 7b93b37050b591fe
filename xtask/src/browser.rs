//! The programs of the browser tests: Chromium and Firefox, and the drivers through which wasm-pack
//! speaks to them.
//!
//! On Debian as root they are installed by apt. Elsewhere a browser is the visitor's to install: we
//! only say which. Debian has no package of Firefox's driver, so it is one of our tools.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};
use crate::workspace::{Workspace, output_of, run};

/// A program of the browser tests, and where it may be.
pub struct Program {
    /// What it is, for people.
    title: &'static str,
    /// The variable that names it where we would not find it.
    pub variable: &'static str,
    /// What it is called on PATH.
    names: &'static [&'static str],
    /// Where it lies on systems that do not put it on PATH.
    places: &'static [&'static str],
    /// The Debian package that brings it, if one does.
    package: Option<&'static str>,
    /// How to get it elsewhere.
    elsewhere: &'static str,
}

/// The browser of most page tests.
pub const CHROMIUM: Program = Program {
    title: "Chromium or Chrome",
    variable: "CONVBURN_CHROMIUM",
    names: &[
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
        "chrome",
    ],
    places: &[
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    ],
    package: Some("chromium"),
    elsewhere: "Install Chrome",
};

/// Its WebDriver.
pub const CHROMEDRIVER: Program = Program {
    title: "Chromium's driver",
    variable: "CONVBURN_CHROMEDRIVER",
    names: &["chromedriver"],
    places: &[],
    package: Some("chromium-driver"),
    elsewhere: "Install the chromedriver of Chrome's version",
};

/// The browser that trains without WebGPU.
pub const FIREFOX: Program = Program {
    title: "Firefox",
    variable: "CONVBURN_FIREFOX",
    // Debian's `firefox` is a script, which starts the other: the program itself comes first.
    names: &["firefox-esr", "firefox"],
    places: &[
        "/Applications/Firefox.app/Contents/MacOS/firefox",
        "C:\\Program Files\\Mozilla Firefox\\firefox.exe",
    ],
    package: Some("firefox-esr"),
    elsewhere: "Install Firefox",
};

/// Its WebDriver.
pub const GECKODRIVER: Program = Program {
    title: "Firefox's driver",
    variable: "CONVBURN_GECKODRIVER",
    names: &["geckodriver"],
    places: &[],
    package: None,
    elsewhere: "Install it by `cargo install geckodriver`",
};

/// What apt can install.
const PACKAGED: [&Program; 3] = [&CHROMIUM, &CHROMEDRIVER, &FIREFOX];

impl Program {
    /// The program's file.
    ///
    /// # Errors
    /// It is not there; the hint says how to get it.
    pub fn require(&self, workspace: &Workspace) -> Result<PathBuf> {
        self.find(workspace).ok_or_else(|| self.missing())
    }

    /// The file that the program's variable names.
    pub fn named(&self) -> Option<PathBuf> {
        let path = PathBuf::from(env::var_os(self.variable)?);
        path.is_file().then_some(path)
    }

    fn find(&self, workspace: &Workspace) -> Option<PathBuf> {
        let on_path = || {
            let mut names = self.names.iter();
            names.find_map(|name| workspace.find_program(name))
        };
        let in_its_place = || {
            let mut places = self.places.iter().map(PathBuf::from);
            places.find(|path| path.is_file())
        };
        self.named().or_else(on_path).or_else(in_its_place)
    }

    fn is_missing(&self, workspace: &Workspace) -> bool {
        self.find(workspace).is_none()
    }

    fn missing(&self) -> Error {
        let debian = self.package.map_or_else(String::new, |package| {
            format!("On Debian: `sudo apt-get install {package}`. Elsewhere: ")
        });
        Error::new(
            format!(
                "The browser tests need {}, and it is not there.",
                self.title
            ),
            format!(
                "{debian}{}, or name the program in {}.",
                self.elsewhere, self.variable
            ),
        )
    }
}

/// Sees that programs are there, and installs them where we can.
///
/// # Errors
/// One is not there and cannot be installed here; the hint names its package.
pub fn ensure(programs: &[&Program], workspace: &Workspace) -> Result<()> {
    if programs.iter().any(|program| program.is_missing(workspace)) && is_debian_root() {
        // Of both browsers, in one call: who needs one mostly runs all checks.
        let missing = PACKAGED.iter().filter(|each| each.is_missing(workspace));
        let packages: Vec<&str> = missing.filter_map(|each| each.package).collect();
        install(workspace, &packages)?;
    }
    for program in programs {
        let path = program.require(workspace)?;
        println!("    {} is there{}.", path.display(), version_of(&path));
    }
    Ok(())
}

/// The version that a program tells, as the end of a sentence.
fn version_of(path: &Path) -> String {
    // On Windows a browser does not answer: it opens a window.
    if cfg!(windows) {
        return String::new();
    }
    output_of(Command::new(path).arg("--version"))
        .and_then(|text| text.lines().next().map(|line| format!(": {}", line.trim())))
        .unwrap_or_default()
}

/// Ubuntu has apt too, but its packages of these names are empty or missing.
fn is_debian_root() -> bool {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    release.lines().any(|line| line == "ID=debian")
        && output_of(Command::new("id").arg("-u")).is_some_and(|id| id == "0")
}

fn install(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    println!("    Installing by apt: {}.", packages.join(", "));
    let hint = "Read apt's message above; the tests need Chromium, its driver and Firefox.";
    run(workspace.command("apt-get").args(["update", "-qq"]), hint)?;
    let mut command = workspace.command("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "-qq", "--yes", "--no-install-recommends"])
        .args(packages);
    run(&mut command, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_its_package_and_its_variable() {
        let error = FIREFOX.missing();
        assert!(error.to_string().contains("Firefox"));
        assert!(error.hint().contains("apt-get install firefox-esr"));
        assert!(error.hint().contains("CONVBURN_FIREFOX"));
    }

    #[test]
    fn what_no_package_brings_is_not_asked_of_apt() {
        assert!(!GECKODRIVER.missing().hint().contains("apt"));
        assert!(PACKAGED.iter().all(|program| program.package.is_some()));
    }

    #[test]
    fn a_program_that_cannot_be_asked_has_no_version() {
        assert_eq!(version_of(Path::new("no-such-program")), "");
    }
}
