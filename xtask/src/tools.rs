//! The Rust tools that build, test and check the page, at pinned versions.
//!
//! A tool of the right version on PATH is used. Otherwise ours is installed beside it, in
//! `$CONVBURN_TOOLS` or the user's cache folder, one folder for each version: the visitor's own
//! tools stay as they are.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{CHECK_DISK, Context, Error, Result};
use crate::workspace::{Workspace, cargo, output_of, run};

/// A tool that cargo can install.
pub struct Tool {
    /// Name of the crate.
    krate: &'static str,
    /// The programs it brings that we or trunk or wasm-pack call.
    programs: &'static [&'static str],
    /// The version wanted.
    version: String,
    /// Whether to build it with the dependencies that its author pinned.
    locked: bool,
    /// How well to optimise it.
    effort: Effort,
}

/// How well a tool is optimised, which is most of what it costs to build.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effort {
    /// It works for moments: built as quickly as possible, whatever its author's own profile says.
    Little,
    /// It works on large modules: optimised as little as makes it as quick as with more.
    Enough,
}

impl Effort {
    /// Cargo's variables for the release profile that `cargo install` uses.
    fn profile(self) -> [(&'static str, &'static str); 4] {
        let opt_level = match self {
            Self::Little => "0",
            Self::Enough => "1",
        };
        [
            ("CARGO_PROFILE_RELEASE_LTO", "off"),
            ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256"),
            ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
            ("CARGO_PROFILE_RELEASE_OPT_LEVEL", opt_level),
        ]
    }
}

/// Builds and serves the page. 0.22 wants a newer Rust than ours.
pub fn trunk() -> Tool {
    Tool::quick(&["trunk"], "0.21.14")
}

/// Runs the Rust tests in a browser.
pub fn wasm_pack() -> Tool {
    Tool::quick(&["wasm-pack"], "0.15.1")
}

/// Drives Firefox, for wasm-pack and for the page tests.
pub fn geckodriver() -> Tool {
    Tool::quick(&["geckodriver"], "0.37.1")
}

/// Asks the advisory database about the crates, and holds them against `deny.toml`.
pub fn cargo_deny() -> Tool {
    Tool::quick(&["cargo-deny"], "0.20.2")
}

/// Builds and runs the targets of `fuzz/`.
pub fn cargo_fuzz() -> Tool {
    Tool::quick(&["cargo-fuzz"], "0.13.2")
}

/// Makes the JavaScript beside a wasm module, for trunk and for wasm-pack.
///
/// # Errors
/// `Cargo.lock` cannot be read or has no `wasm-bindgen`.
pub fn wasm_bindgen(workspace: &Workspace) -> Result<Tool> {
    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
    }
    let restore = "Restore Cargo.lock: `git checkout Cargo.lock`.";
    let path = workspace.root().join("Cargo.lock");
    let lock = fs::read_to_string(&path).context("read Cargo.lock", CHECK_DISK)?;
    let lock: Lock = toml::from_str(&lock).context("read Cargo.lock", restore)?;
    // The tool and the crate have to be of one version, so the crate's decides.
    let mut packages = lock.package.into_iter();
    let krate = packages.find(|package| package.name == "wasm-bindgen");
    let krate = krate.ok_or_else(|| Error::new("Cargo.lock names no wasm-bindgen.", restore))?;
    Ok(Tool {
        krate: "wasm-bindgen-cli",
        programs: &["wasm-bindgen", "wasm-bindgen-test-runner"],
        version: krate.version,
        // 0.2.130 pins a dependency that registries no longer serve everywhere; it builds with
        // the newest ones.
        locked: false,
        effort: Effort::Enough,
    })
}

impl Tool {
    /// A tool that works for moments, called as its crate.
    fn quick(programs: &'static [&'static str; 1], version: &str) -> Self {
        Self {
            krate: programs[0],
            programs,
            version: version.to_owned(),
            locked: true,
            effort: Effort::Little,
        }
    }

    /// Name and version, for people.
    pub fn title(&self) -> String {
        format!("{} {}", self.krate, self.version)
    }

    /// Finds the tool or installs it, and puts it on PATH.
    ///
    /// # Errors
    /// It cannot be installed.
    pub fn ensure(&self, workspace: &mut Workspace) -> Result<()> {
        if self.is_on_path(workspace) {
            println!("    {} is there.", self.title());
            return Ok(());
        }
        let folder = folder()?.join(format!("{}-{}", self.krate, self.version));
        workspace.add_tool_folder(folder.join("bin"));
        if self.is_on_path(workspace) {
            println!("    {} is there, in {}.", self.title(), folder.display());
            return Ok(());
        }
        self.install(workspace, &folder)?;
        if self.is_on_path(workspace) {
            return Ok(());
        }
        Err(Error::new(
            format!("{} was installed but does not run.", self.title()),
            format!("Delete {} and run the command again.", folder.display()),
        ))
    }

    fn is_on_path(&self, workspace: &Workspace) -> bool {
        self.programs.iter().all(|program| {
            let answer = output_of(workspace.command(program).arg("--version"));
            answer.is_some_and(|text| text.split_whitespace().any(|word| word == self.version))
        })
    }

    fn install(&self, workspace: &Workspace, folder: &Path) -> Result<()> {
        println!("    Installing {} into {}.", self.title(), folder.display());
        // Built outside the project's own target folder, whose profile and lock are not its.
        let build = folder.join("build");
        let mut command = workspace.command(&cargo());
        command
            .args([
                "install",
                self.krate,
                "--version",
                &format!("={}", self.version),
            ])
            .args(self.locked.then_some("--locked"))
            .envs(self.effort.profile())
            .arg("--root")
            .arg(folder)
            .arg("--target-dir")
            .arg(&build);
        run(
            &mut command,
            "Read cargo's message above; without a network, install the tool by other means at exactly this version.",
        )?;
        fs::remove_dir_all(&build).context(format!("remove {}", build.display()), CHECK_DISK)
    }
}

/// The folder of the tools that we install.
///
/// # Errors
/// There is no home folder, and `CONVBURN_TOOLS` names none.
pub fn folder() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("CONVBURN_TOOLS").filter(|value| !value.is_empty()) {
        return Ok(folder.into());
    }
    let cache = if cfg!(windows) {
        env::var_os("LOCALAPPDATA").map(PathBuf::from)
    } else if cfg!(target_os = "macos") {
        env::home_dir().map(|home| home.join("Library").join("Caches"))
    } else {
        env::home_dir().map(|home| home.join(".cache"))
    };
    cache
        .map(|cache| cache.join("convburn").join("tools"))
        .ok_or_else(|| {
            Error::new(
                "There is no home folder to install tools into.",
                "Set CONVBURN_TOOLS to a folder of your choice.",
            )
        })
}
