//! The browser of the tests: Chromium, and the driver through which wasm-pack speaks to it.
//!
//! On Debian as root both are installed by apt. Elsewhere a browser is the visitor's to install:
//! we only say which.

use std::env;
use std::fs;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::workspace::{Workspace, output_of, run};

/// Variables that name the programs where we would not find them.
const BROWSER_VARIABLE: &str = "CONVBURN_CHROMIUM";
const DRIVER_VARIABLE: &str = "CONVBURN_CHROMEDRIVER";
const DEBIAN_PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// The programs of the browser tests.
pub struct Browser {
    /// Chromium or Chrome.
    pub browser: PathBuf,
    /// Its WebDriver.
    pub driver: PathBuf,
}

/// Finds the browser and its driver, and installs them where we can.
///
/// # Errors
/// They are not there and cannot be installed here; the hint names the packages.
pub fn ensure(workspace: &Workspace) -> Result<Browser> {
    if let Some(found) = find(workspace) {
        println!("    {} is there.", found.browser.display());
        return Ok(found);
    }
    if !is_debian_root() {
        return Err(missing());
    }
    install(workspace)?;
    find(workspace).ok_or_else(missing)
}

/// The browser and its driver, if both are there.
///
/// # Errors
/// One of them is not.
pub fn require(workspace: &Workspace) -> Result<Browser> {
    find(workspace).ok_or_else(missing)
}

fn find(workspace: &Workspace) -> Option<Browser> {
    let on_path = |names: &[&str]| names.iter().find_map(|name| workspace.find_program(name));
    let browser = named(BROWSER_VARIABLE)
        .or_else(|| {
            on_path(&[
                "chromium",
                "chromium-browser",
                "google-chrome",
                "google-chrome-stable",
                "chrome",
            ])
        })
        .or_else(usual_place)?;
    let driver = named(DRIVER_VARIABLE).or_else(|| on_path(&["chromedriver"]))?;
    Some(Browser { browser, driver })
}

fn named(variable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env::var_os(variable)?);
    path.is_file().then_some(path)
}

/// Where Chrome lies on systems that do not put it on PATH.
fn usual_place() -> Option<PathBuf> {
    [
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    ]
    .map(PathBuf::from)
    .into_iter()
    .find(|path| path.is_file())
}

/// Ubuntu has apt too, but its packages of that name are empty or missing.
fn is_debian_root() -> bool {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    release.lines().any(|line| line == "ID=debian")
        && output_of(std::process::Command::new("id").arg("-u")).is_some_and(|id| id == "0")
}

fn install(workspace: &Workspace) -> Result<()> {
    println!("    Installing {} by apt.", DEBIAN_PACKAGES.join(" and "));
    let hint = "Read apt's message above; the tests need Chromium and its driver.";
    run(workspace.command("apt-get").args(["update", "-qq"]), hint)?;
    let mut command = workspace.command("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "-qq", "--yes", "--no-install-recommends"])
        .args(DEBIAN_PACKAGES);
    run(&mut command, hint)
}

fn missing() -> Error {
    Error::new(
        "The browser tests need Chromium or Chrome and its driver, and one of them is not there.",
        format!(
            "On Debian: `sudo apt-get install {}`. Elsewhere install Chrome and the chromedriver of the \
             same version, or name the programs in {BROWSER_VARIABLE} and {DRIVER_VARIABLE}.",
            DEBIAN_PACKAGES.join(" ")
        ),
    )
}
