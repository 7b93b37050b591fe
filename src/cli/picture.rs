//! A PNG file → what the network sees of it, as the page prepares a visitor's picture (`www/loading/pictures.js`,
//! `area-average.js`): the middle square, on white where it is transparent, averaged down to a few pixels along a
//! side. Each of these takes from every pixel that it covers as much as it covers of it.

use std::io::Cursor;
use std::path::Path;

use png::{ColorType, Decoder, DecodingError, Limits, Transformations};

use super::data;
use super::failure::{Code, Failure};

/// Bytes of the longest file read.
const FILE_BYTES_MAX: u64 = 1_000_000_000;
/// Most pixels: decoding takes four bytes for each.
const PIXELS_MAX: u64 = 200_000_000;

const HINT: &str = "Name a PNG picture of usual size.";
const SAVE_AS_PNG: &str = "Save it as PNG, and name that file.";

/// First bytes of pictures that people take for the right ones.
const OTHERS: [(&[u8], &str); 5] = [
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a WebP picture"),
    (b"BM", "a BMP picture"),
    (b"<svg", "an SVG picture"),
];

/// Pixels of a picture, of 8 bits a channel.
struct Pixels {
    width: usize,
    /// Channels of a pixel: 1 or 2 of gray, 3 or 4 of colour, the last of an even number being opacity.
    channels: usize,
    bytes: Vec<u8>,
}

/// The planes of red, green and blue of `side` × `side` pixels, row by row.
///
/// # Errors
/// The file cannot be read, or is no PNG picture of usual size.
pub fn planes(path: &Path, side: usize) -> Result<Vec<u8>, Failure> {
    let bytes = data::read(path, FILE_BYTES_MAX)?;
    let other = OTHERS.iter().find(|(start, _)| bytes.starts_with(start));
    if let Some((_, what)) = other {
        let message = format!("{} is {what}, and PNG alone is read here.", path.display());
        return Err(Failure::new(Code::Picture, message, SAVE_AS_PNG));
    }
    let pixels = decode(&bytes).map_err(|problem| {
        let message = format!(
            "{} cannot be read as a PNG picture: {problem}.",
            path.display()
        );
        Failure::new(Code::Picture, message, HINT)
    })?;
    Ok(average(&pixels, side))
}

/// Decodes, or says why not as the end of a sentence.
fn decode(bytes: &[u8]) -> Result<Pixels, String> {
    let damaged = |error: DecodingError| match error {
        DecodingError::LimitsExceeded => "it is too large".to_owned(),
        other => format!("it is damaged ({other})"),
    };
    let limits = Limits {
        bytes: 4 * PIXELS_MAX as usize,
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (width, height) = reader.info().size();
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(format!(
            "it has {width} × {height} pixels, and at most {} million are read",
            PIXELS_MAX / 1_000_000
        ));
    }
    let length = reader.output_buffer_size().ok_or("it is too large")?;
    let mut bytes = vec![0; length];
    reader.next_frame(&mut bytes).map_err(damaged)?;
    let channels = match reader.output_color_type().0 {
        ColorType::Grayscale | ColorType::Indexed => 1,
        ColorType::GrayscaleAlpha => 2,
        ColorType::Rgb => 3,
        ColorType::Rgba => 4,
    };
    Ok(Pixels {
        width: width as usize,
        channels,
        bytes,
    })
}

/// A pixel on white, red, green and blue.
fn on_white(pixel: &[u8]) -> [f64; 3] {
    let (colours, opacity) = match *pixel {
        [gray] => ([gray; 3], 255),
        [gray, opacity] => ([gray; 3], opacity),
        [red, green, blue] => ([red, green, blue], 255),
        [red, green, blue, opacity] => ([red, green, blue], opacity),
        _ => ([0; 3], 0), // There are no others.
    };
    let opacity = f64::from(opacity) / 255.0;
    // A canvas keeps whole numbers.
    colours.map(|colour| (f64::from(colour) * opacity + 255.0 * (1.0 - opacity)).round())
}

/// The pixels that an output pixel covers along a side, with the share that it covers of each.
fn coverage(size: usize, side: usize) -> Vec<Vec<(usize, f64)>> {
    let edge = |index: usize| (index * size) as f64 / side as f64;
    let spans = (0..side).map(|index| (edge(index), edge(index + 1)));
    spans
        .map(|(from, to)| {
            let covered = from.floor() as usize..(to.ceil() as usize).min(size);
            let share = |at: usize| (to.min((at + 1) as f64) - from.max(at as f64)).max(0.0);
            covered.map(|at| (at, share(at))).collect()
        })
        .collect()
}

/// The average of the middle square.
fn average(pixels: &Pixels, side: usize) -> Vec<u8> {
    let row_bytes = pixels.width * pixels.channels;
    let height = pixels.bytes.len() / row_bytes.max(1);
    let size = pixels.width.min(height);
    let (left, top) = ((pixels.width - size) / 2, (height - size) / 2);
    let spans = coverage(size, side);
    let area = (size as f64 / side as f64).powi(2);
    let mut planes = vec![0; 3 * side * side];
    for (line, rows) in spans.iter().enumerate() {
        let mut sums = vec![[0.0; 3]; side];
        for (y, row_share) in rows {
            let start = (top + y) * row_bytes + left * pixels.channels;
            let row = pixels.bytes.get(start..start + size * pixels.channels);
            let row: Vec<[f64; 3]> = row
                .unwrap_or_default()
                .chunks_exact(pixels.channels)
                .map(on_white)
                .collect();
            for (sum, columns) in sums.iter_mut().zip(&spans) {
                for (x, share) in columns {
                    let colours = row.get(*x).copied().unwrap_or_default();
                    for (channel, colour) in sum.iter_mut().zip(colours) {
                        *channel += row_share * share * colour;
                    }
                }
            }
        }
        for (column, sum) in sums.iter().enumerate() {
            for (channel, value) in sum.iter().enumerate() {
                let place = channel * side * side + line * side + column;
                if let Some(byte) = planes.get_mut(place) {
                    *byte = (value / area).round() as u8;
                }
            }
        }
    }
    planes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of gray, each pixel's from its column and row.
    fn gray(width: usize, height: usize, of: impl Fn(usize, usize) -> u8) -> Pixels {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        Pixels {
            width,
            channels: 1,
            bytes: places.map(|(x, y)| of(x, y)).collect(),
        }
    }

    #[test]
    fn the_middle_square_is_averaged_exactly() {
        // Of 6 × 4 the middle four columns; each output pixel is the mean of 2 × 2.
        let picture = gray(6, 4, |x, y| (10 * x + y) as u8);
        let found = average(&picture, 2);
        assert_eq!(found[..4], [16, 36, 18, 38]); // 15.5 and 35.5 are rounded up.
        assert_eq!(found[..4], found[8..]);
        // 3 pixels on 2: each takes one whole and half of the middle one.
        let found = average(&gray(3, 3, |x, _| [0, 90, 180][x]), 2);
        assert_eq!(found[..4], [30, 150, 30, 150]);
        // Enlarged, each pixel several times.
        let found = average(&gray(2, 2, |x, _| [7, 200][x]), 4);
        assert_eq!(found[..4], [7, 7, 200, 200]);
    }

    #[test]
    fn what_is_transparent_is_white_and_colours_are_planes() {
        assert_eq!(on_white(&[10, 20, 30, 0]), [255.0; 3]);
        assert_eq!(on_white(&[10, 0]), [255.0; 3]);
        assert_eq!(on_white(&[0, 128]), [127.0; 3]);
        let picture = Pixels {
            width: 1,
            channels: 3,
            bytes: vec![1, 2, 3],
        };
        assert_eq!(average(&picture, 1), [1, 2, 3]);
    }
}
