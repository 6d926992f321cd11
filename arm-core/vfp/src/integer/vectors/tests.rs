//! The bits of plain loops, on random shapes, strides, first rows and numbers up to the ends of their range.

extern crate std;
use crate::Layout;
use crate::integer::{
    Factor, Finish, Inputs, activate_back, add_outer, dense, dots, plain, shift_round, update,
};
use std::vec::Vec;

struct Random(u64);

impl Random {
    fn bits(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }

    fn below(&mut self, n: usize) -> usize {
        ((u64::from(self.bits()) * n as u64) >> 32) as usize
    }

    /// Numbers of any size within a bound that is large at times, and ends of the range.
    fn numbers(&mut self, n: usize) -> Vec<i16> {
        let most = self.below(12);
        let number = |random: &mut Self| match random.below(12) {
            0 if most < 3 => i16::MIN,
            1 if most < 3 => i16::MAX,
            2 => 0,
            _ => (random.bits() as i16) >> most >> random.below(4),
        };
        (0..n).map(|_| number(self)).collect()
    }

    fn side(&mut self) -> usize {
        match self.below(3) {
            0 => 1 + self.below(8),
            1 => 8 * (1 + self.below(12)),
            _ => 1 + self.below(100),
        }
    }
}

#[test]
fn kernels_have_the_bits_of_plain_loops() {
    let mut random = Random(1);
    let (mut beyond, mut cut) = (0, 0);
    for case in 0..4000 {
        let (inputs, cols) = (random.side(), random.side());
        let stride = cols + random.below(3) * random.below(5);
        let layout = Layout { cols, stride };
        // What is behind the last row's columns may be missing.
        let missing = random.below(stride - cols + 1);
        let mut w = random.numbers((inputs + 1) * stride - missing);
        if random.below(30) == 0 {
            // Rows are missing.
            w.truncate(random.below(w.len() + 1));
        }
        let (x, d) = (random.numbers(inputs), random.numbers(cols));
        // Bits behind the units do not count.
        let bits: Vec<u32> = (0..inputs.div_ceil(32)).map(|_| random.bits() & random.bits()).collect();
        let finish = Finish {
            down: [9, 12, 17, 24][random.below(4)],
            slope: [0, 3277, 32_767, 1 << 15][random.below(4)],
        };
        for (inputs, down) in
            [(Inputs::Numbers(&x), finish.down), (Inputs::Bits(&bits, inputs), finish.down - 8)]
        {
            let mut y = [std::vec![1; cols], std::vec![2; cols]];
            let [own, plain] = &mut y;
            let left = dense(inputs, &w, layout, finish, own);
            assert_eq!(
                left,
                plain::of_inputs(inputs, &w, stride, Finish { down, ..finish }, plain),
                "{case}"
            );
            assert_eq!(own, plain, "{case}: {inputs:?} {layout:?} {finish:?}");
            beyond += u32::from(left);
        }

        let mut dx = [std::vec![1; inputs], std::vec![2; inputs]];
        let [own, plain] = &mut dx;
        let left = dots(&d, &w, layout, finish.down, own);
        assert_eq!(left, plain::of_rows(&d, &w, stride, finish.down, plain), "{case}");
        assert_eq!(own, plain, "{case}: {layout:?} {}", finish.down);
        activate_back(finish.slope, &x, own);
        for (dx, _) in plain.iter_mut().zip(&x).filter(|(_, a)| **a <= 0) {
            *dx = shift_round(i32::from(*dx) * finish.slope, 15) as i16;
        }
        assert_eq!(own, plain, "{case}: {}", finish.slope);

        let first = random.below(inputs + 1);
        let rows = 1 + random.below(inputs + 1 - first);
        let most = d.iter().fold(0, |most, d| most | u32::from(d.unsigned_abs()));
        let factor = Factor {
            mantissa: (random.bits() as i16 >> random.below(10)).into(),
            before: [0, 0, 3, -3][random.below(4)],
            shift: random.below(31) as u32,
            limit: ((0x7fff_0000u32 >> (32 - most.leading_zeros())) - 1).min(1 << 30) as i32,
        };
        for inputs in [Inputs::Numbers(&x), Inputs::Bits(&bits, inputs)] {
            let noise = random.bits();
            let block = w.get(first * stride..).unwrap_or_default();
            let block = &block[..block.len().min(rows * stride)];
            let (mut own, mut plain) = (block.to_vec(), block.to_vec());
            let left = add_outer(&factor, noise, inputs, first, &d, &mut own, layout);
            assert_eq!(
                left,
                update::one_by_one(&factor, noise, inputs, first, &d, &mut plain, layout),
                "{case}"
            );
            assert_eq!(own, plain, "{case}: {inputs:?} {first} {layout:?} {factor:?}");
            cut += left;
        }
    }
    std::println!("{beyond} {cut}");
    assert!(beyond > 500 && cut > 500, "{beyond} {cut}");
}
