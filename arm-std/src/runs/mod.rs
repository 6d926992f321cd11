//! What runs leave behind: their folders, lists and reports of them, and pictures.

pub mod folder;
pub mod image;
pub mod list;
pub mod pictures;
pub mod plot;
pub mod report;
