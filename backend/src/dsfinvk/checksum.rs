//! Ids that follow from names, where the interface carries only a name: CRC-32 as in ZIP, in hexadecimal. One name
//! has one id in every export.

const POLYNOMIAL: u32 = 0xEDB8_8320;

/// The id of a name.
pub(super) fn of(name: &str) -> String {
    let step = |crc: u32, _| (crc >> 1) ^ (POLYNOMIAL & 0_u32.wrapping_sub(crc & 1));
    let taken = |crc: u32, byte: u8| (0..8).fold(crc ^ u32::from(byte), step);
    let crc = name.bytes().fold(u32::MAX, taken);
    format!("{:08x}", !crc)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_check_value_of_the_algorithm_comes_out() {
        assert_eq!(super::of("123456789"), "cbf43926");
    }
}
