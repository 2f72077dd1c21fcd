//! `trackless import`: settings of another server, as ours.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::finish;
use crate::import::{self, MOST_BYTES, Note, Product, Written};

/// What is read, and where it goes.
#[derive(Debug, Args)]
pub(super) struct Wanted {
    /// Whose settings they are
    #[arg(value_enum, value_name = "PRODUCT")]
    from: Product,
    /// Its file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where the settings are written, with own lists beside them; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "trackless.yaml")]
    output: PathBuf,
    /// Write over files that are there
    #[arg(long)]
    replace: bool,
    /// Only say what would come over
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(wanted: &Wanted) -> Result<(), String> {
    let Wanted { from, file, output, replace, dry_run } = wanted;
    let in_file = |why: &dyn std::fmt::Display| format!("{}: {why}", file.display());
    let bytes = read(file).map_err(|error| in_file(&error))?;
    let name = file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let imported = import::read(*from, &bytes).map_err(|error| in_file(&error))?;
    let written = imported.write(&name).map_err(|error| in_file(&error))?;
    let to_stdout = output.as_os_str() == "-";
    let mut done = String::new();
    if *dry_run {
        done.push_str("nothing is written");
    } else if to_stdout {
        finish(io::stdout().write_all(written.yaml.as_bytes()))?;
        done.push_str("written to standard output");
        for (name, _) in &written.files {
            done.push_str(&format!("; {name} is not: give --output FILE"));
        }
    } else {
        done = write(&written, output, *replace)?;
    }
    // The settings may be piped on.
    if to_stdout && !dry_run {
        finish(tell(&mut io::stderr().lock(), &written.notes, &done))
    } else {
        finish(tell(&mut BufWriter::new(io::stdout().lock()), &written.notes, &done))
    }
}

/// Reads no more than an import may have; that there is more is seen by the byte beyond.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn tell(out: &mut impl Write, notes: &[Note], done: &str) -> io::Result<()> {
    notes.iter().try_for_each(|note| writeln!(out, "{note}"))?;
    let left = notes.iter().filter(|note| note.left.is_some()).count();
    writeln!(out, "{} came over, {left} did not; {done}", notes.len() - left)?;
    out.flush()
}

/// Writes all files or, where one is in the way, none; the settings last, so that they never name a
/// list that is not there.
fn write(written: &Written, output: &Path, replace: bool) -> Result<String, String> {
    let folder = output.parent().unwrap_or_else(|| Path::new(""));
    let lists = written.files.iter().map(|(name, text)| (folder.join(name), text));
    let all: Vec<_> = lists.chain([(output.to_owned(), &written.yaml)]).collect();
    if !replace && let Some((there, _)) = all.iter().find(|(path, _)| path.exists()) {
        return Err(format!(
            "{} is there already; give another --output, or --replace to write over it",
            there.display()
        ));
    }
    for (path, text) in &all {
        put(path, text, replace).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let names: Vec<_> = all.iter().map(|(path, _)| path.display().to_string()).collect();
    Ok(format!("written: {}", names.join(", ")))
}

/// Writes beside the file and moves it there, so that nobody ever reads half of it.
fn put(path: &Path, text: &str, replace: bool) -> io::Result<()> {
    if !replace {
        // Somebody may have made it since it was looked for.
        return OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)?
            .write_all(text.as_bytes());
    }
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    fs::write(&draft, text)?;
    fs::rename(&draft, path)
}
