//! The name of a colour, which is all that COLOR takes (RFC 7986 §5.9, CSS Color 3 §4.3).

/// The names that differ most, with their red, green and blue.
const NAMES: &[(&str, u32)] = &[
    ("black", 0x00_0000),
    ("silver", 0xc0_c0c0),
    ("gray", 0x80_8080),
    ("white", 0xff_ffff),
    ("maroon", 0x80_0000),
    ("red", 0xff_0000),
    ("purple", 0x80_0080),
    ("fuchsia", 0xff_00ff),
    ("green", 0x00_8000),
    ("lime", 0x00_ff00),
    ("olive", 0x80_8000),
    ("yellow", 0xff_ff00),
    ("navy", 0x00_0080),
    ("blue", 0x00_00ff),
    ("teal", 0x00_8080),
    ("aqua", 0x00_ffff),
    ("orange", 0xff_a500),
    ("darkorange", 0xff_8c00),
    ("coral", 0xff_7f50),
    ("tomato", 0xff_6347),
    ("salmon", 0xfa_8072),
    ("crimson", 0xdc_143c),
    ("firebrick", 0xb2_2222),
    ("darkred", 0x8b_0000),
    ("pink", 0xff_c0cb),
    ("hotpink", 0xff_69b4),
    ("deeppink", 0xff_1493),
    ("mediumvioletred", 0xc7_1585),
    ("orchid", 0xda_70d6),
    ("violet", 0xee_82ee),
    ("plum", 0xdd_a0dd),
    ("mediumorchid", 0xba_55d3),
    ("darkorchid", 0x99_32cc),
    ("blueviolet", 0x8a_2be2),
    ("indigo", 0x4b_0082),
    ("slateblue", 0x6a_5acd),
    ("royalblue", 0x41_69e1),
    ("cornflowerblue", 0x64_95ed),
    ("dodgerblue", 0x1e_90ff),
    ("deepskyblue", 0x00_bfff),
    ("skyblue", 0x87_ceeb),
    ("steelblue", 0x46_82b4),
    ("lightblue", 0xad_d8e6),
    ("cadetblue", 0x5f_9ea0),
    ("darkcyan", 0x00_8b8b),
    ("turquoise", 0x40_e0d0),
    ("aquamarine", 0x7f_ffd4),
    ("mediumseagreen", 0x3c_b371),
    ("seagreen", 0x2e_8b57),
    ("forestgreen", 0x22_8b22),
    ("limegreen", 0x32_cd32),
    ("springgreen", 0x00_ff7f),
    ("lightgreen", 0x90_ee90),
    ("yellowgreen", 0x9a_cd32),
    ("olivedrab", 0x6b_8e23),
    ("darkgreen", 0x00_6400),
    ("khaki", 0xf0_e68c),
    ("gold", 0xff_d700),
    ("goldenrod", 0xda_a520),
    ("peru", 0xcd_853f),
    ("chocolate", 0xd2_691e),
    ("sienna", 0xa0_522d),
    ("brown", 0xa5_2a2a),
    ("tan", 0xd2_b48c),
    ("wheat", 0xf5_deb3),
    ("beige", 0xf5_f5dc),
    ("lavender", 0xe6_e6fa),
    ("lightgray", 0xd3_d3d3),
    ("dimgray", 0x69_6969),
    ("slategray", 0x70_8090),
    ("midnightblue", 0x19_1970),
];

/// The name nearest to `#RRGGBB` or `#RRGGBBAA`; a name of the list is that name.
pub(super) fn name(text: &str) -> Option<&'static str> {
    let text = text.trim();
    if let Some((name, _)) = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        return Some(name);
    }
    let digits = text.strip_prefix('#')?;
    let is_colour = matches!(digits.len(), 6 | 8) && digits.bytes().all(|octet| octet.is_ascii_hexdigit());
    let colour = u32::from_str_radix(digits.get(..6).filter(|_| is_colour)?, 16).ok()?;
    NAMES.iter().min_by_key(|(_, other)| distance(colour, *other)).map(|(name, _)| *name)
}

/// The square of how far two colours are from one another.
fn distance(one: u32, other: u32) -> u32 {
    one.to_be_bytes().iter().zip(other.to_be_bytes()).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name() {
        for (text, expected) in
            [("#ff0000", "red"), ("#FF0001FF", "red"), (" Gold ", "gold"), ("#6495ec", "cornflowerblue")]
        {
            assert_eq!(name(text), Some(expected), "{text}");
        }
        for text in ["", "#ff", "#gg0000", "#ééé", "red;x"] {
            assert_eq!(name(text), None, "{text}");
        }
    }
}
