//! Where things are, and how the other programs are called: from the repository's root, with
//! ConvBurn's own tools first on PATH, so that the visitor's tools are neither needed nor touched.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::error::{Context, Error, Result};

/// The repository and the tools found for it.
pub struct Workspace {
    root: PathBuf,
    tool_folders: Vec<PathBuf>,
}

impl Workspace {
    /// The repository that this chore was started in.
    ///
    /// # Errors
    /// The chore was not started by cargo from the repository.
    pub fn find() -> Result<Self> {
        // Cargo names this crate's folder when it runs it; the repository is the folder above.
        let manifest_dir = env::var_os("CARGO_MANIFEST_DIR")
            .map(PathBuf::from)
            .context_missing()?;
        let root = manifest_dir.parent().map(Path::to_path_buf);
        Ok(Self {
            root: root.context_missing()?,
            tool_folders: Vec::new(),
        })
    }

    /// The repository's root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the prepared data lies.
    pub fn data(&self) -> PathBuf {
        self.root.join("data").join("cifar10")
    }

    /// The list of licences, which trunk copies into the page.
    pub fn licences(&self) -> PathBuf {
        self.root.join("data").join("licences.txt")
    }

    /// Where trunk puts the finished page.
    pub fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// Puts a folder first on the PATH of every later command.
    pub fn add_tool_folder(&mut self, folder: PathBuf) {
        self.tool_folders.insert(0, folder);
    }

    /// A program to run from the root.
    pub fn command(&self, program: &str) -> Command {
        let program = self.find_program(program).unwrap_or_else(|| program.into());
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("PATH", self.path());
        command
    }

    /// The file that a program's name stands for.
    pub fn find_program(&self, program: &str) -> Option<PathBuf> {
        // npm is a .cmd on Windows, which the system does not look for by itself.
        which::which_in(program, Some(self.path()), &self.root).ok()
    }

    fn path(&self) -> OsString {
        let inherited = env::var_os("PATH").unwrap_or_default();
        let folders = self
            .tool_folders
            .iter()
            .cloned()
            .chain(env::split_paths(&inherited));
        env::join_paths(folders).unwrap_or(inherited)
    }
}

/// Some words to cargo, to run from the root.
pub fn cargo_with(workspace: &Workspace, words: &str) -> Command {
    let mut command = workspace.command(&cargo());
    command.args(words.split_whitespace());
    command
}

/// The cargo that runs us, so that its children use the same toolchain.
pub fn cargo() -> String {
    env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// Runs a program to its end, its output going where ours goes.
///
/// # Errors
/// It cannot be started, or it says that it failed; `hint` is what to do then.
pub fn run(command: &mut Command, hint: &str) -> Result<()> {
    let line = command_line(command);
    let status = command.status().context(format!("start `{line}`"), hint)?;
    outcome(&line, status, hint)
}

/// What a program's end means.
///
/// # Errors
/// It says that it failed; `hint` is what to do then.
pub fn outcome(line: &str, status: ExitStatus, hint: &str) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    Err(Error::new(format!("`{line}` failed ({status})."), hint))
}

/// What a program prints, or nothing when it cannot be run or fails.
pub fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A command as one would type it, without the program's folder.
pub fn command_line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program());
    std::iter::once(name)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// An `Option` that is empty only when we were not started as `cargo xtask`.
trait StartedByCargo<T> {
    fn context_missing(self) -> Result<T>;
}

impl<T> StartedByCargo<T> for Option<T> {
    fn context_missing(self) -> Result<T> {
        self.ok_or_else(|| {
            Error::new(
                "The repository's folder is not known.",
                "Start the chores as `cargo xtask …` from inside the repository.",
            )
        })
    }
}
