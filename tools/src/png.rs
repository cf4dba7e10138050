//! A drawing as a PNG, for programs that do not show SVG.
//! Not here: the drawing. resvg renders it with this computer's fonts, so the pixels differ between computers.

use mplab::report::{self, Export};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

/// The format.
pub(crate) const EXPORT: Export = Export {
    ending: "png",
    is: "the same in pixels, with the fonts of this computer",
    make: |source| {
        let pixels = |svg: String| png(&svg).map_err(|why| format!("{}: {why}", source.output.display()));
        source.file(report::drawing(source).and_then(pixels))
    },
};

/// Pixels per unit of the drawing, so that small text is readable.
const SCALE: f32 = 2.0;

/// The bytes of a PNG file, or why there are none.
fn png(svg: &str) -> Result<Vec<u8>, String> {
    let mut options = Options::default();
    options.fontdb_mut().load_system_fonts();
    if options.fontdb.is_empty() {
        return Err("this computer has no font: install one (Debian: fonts-dejavu-core), or write an .svg".to_owned());
    }
    let tree = Tree::from_str(svg, &options).map_err(|error| error.to_string())?;
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or("the drawing has no size")?;
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or("the drawing is too large")?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| error.to_string())
}
