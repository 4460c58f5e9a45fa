//! Where results go: stdout, and the files of `--output`.

use std::io::Write;
use std::path::Path;

use crate::Error;
use crate::cli::Color;

/// The colour choice of the command line, for everything that is printed from here on.
pub(super) fn choose_color(color: Color) {
    match color {
        // anstream decides by itself: NO_COLOR, CLICOLOR, TERM and whether it is a terminal.
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::AlwaysAnsi.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
}

/// Prints a result.
pub(super) fn to_stdout(text: &str) -> Result<(), Error> {
    let mut out = anstream::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|source| Error::file("write", Path::new("stdout"), source))
}

/// Writes a result to a file, without colours.
pub(super) fn to_file(path: &Path, text: &str) -> Result<(), Error> {
    let plain = anstream::adapter::strip_str(text).to_string();
    std::fs::write(path, plain).map_err(|source| Error::file("write", path, source))
}

/// Refuses a file whose folder does not exist, before the work whose result it is to take.
pub(super) fn must_have_folder(path: &Path) -> Result<(), Error> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    match folder.filter(|f| !f.is_dir()) {
        Some(folder) => Err(Error::usage(
            format!("cannot write `{}`: there is no folder `{}`", path.display(), folder.display()),
            "make it first, or name another",
        )),
        None => Ok(()),
    }
}

/// How many columns people's screens have: the terminal's, or `COLUMNS`, within what reads well.
pub(super) fn width() -> usize {
    let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
    let terminal = comfy_table::Table::new().width();
    usize::from(terminal.or_else(columns).unwrap_or(100)).clamp(40, 400)
}
