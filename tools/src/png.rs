//! A drawing as a picture of pixels, for whatever shows no SVG.
//! Not here: the drawing. It is rendered by resvg with the fonts of this computer, so the pixels are not the same on each.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

/// Pixels for each of the drawing's, so that small text can be read.
const SCALE: f32 = 2.0;

/// The bytes of a PNG file, or why there are none.
pub(crate) fn png(svg: &str) -> Result<Vec<u8>, String> {
    let mut options = Options::default();
    options.fontdb_mut().load_system_fonts();
    if options.fontdb.is_empty() {
        return Err("this computer has no font to write with: install one (Debian: fonts-dejavu-core), or write an .svg".to_owned());
    }
    let tree = Tree::from_str(svg, &options).map_err(|error| error.to_string())?;
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or("it has no size")?;
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or("it is too large")?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| error.to_string())
}
