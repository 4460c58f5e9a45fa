//! `man`: manual pages, made from the same types as the command line.

use std::path::Path;

use clap::CommandFactory;

use crate::cli::{Cli, Man};
use crate::{Error, ExitCode};

pub(super) fn run(args: &Man) -> Result<ExitCode, Error> {
    let command = Cli::command();
    match &args.dir {
        Some(dir) => {
            std::fs::create_dir_all(dir).map_err(|e| Error::file("create", dir, e))?;
            clap_mangen::generate_to(command, dir).map_err(|e| Error::file("write to", dir, e))?;
        }
        None => {
            let mut page = Vec::new();
            let made = clap_mangen::Man::new(command).render(&mut page);
            made.map_err(|e| Error::file("write", Path::new("stdout"), e))?;
            super::output::to_stdout(&String::from_utf8_lossy(&page))?;
        }
    }
    Ok(ExitCode::Clean)
}
