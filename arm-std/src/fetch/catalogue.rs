//! The data sets that can be fetched.

/// A file with what makes it the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteFile {
    /// Its name, below the address of the data set and in the folder it is saved in.
    pub name: &'static str,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: &'static str,
}

/// A data set on the net.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataSet {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Addresses it lies under; the first that answers is taken.
    pub mirrors: &'static [&'static str],
    /// Its files.
    pub files: [RemoteFile; 4],
}

impl DataSet {
    /// The data set of this name.
    pub fn named(name: &str) -> Option<&'static DataSet> {
        CATALOGUE.iter().find(|set| set.name == name)
    }
}

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte.gz";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte.gz";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte.gz";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte.gz";

const fn file(name: &'static str, bytes: u64, sha256: &'static str) -> RemoteFile {
    RemoteFile { name, bytes, sha256 }
}

/// All of them. Lengths and checksums are those that TensorFlow Datasets, torchvision and others publish for the files
/// of the authors.
pub const CATALOGUE: [DataSet; 2] = [
    DataSet {
        name: "mnist",
        about: "handwritten digits, 60000 / 10000 grey images of 28 x 28 (LeCun, Cortes & Burges)",
        mirrors: &[
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
        ],
        files: [
            file(TRAIN_IMAGES, 9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
            file(TRAIN_LABELS, 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            file(TEST_IMAGES, 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
            file(TEST_LABELS, 4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        ],
    },
    DataSet {
        name: "fashion-mnist",
        about: "clothes, 60000 / 10000 grey images of 28 x 28 (Xiao, Rasul & Vollgraf 2017; MIT licence)",
        mirrors: &[
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ],
        files: [
            file(
                TRAIN_IMAGES,
                26_421_880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            ),
            file(TRAIN_LABELS, 29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            file(TEST_IMAGES, 4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
            file(TEST_LABELS, 5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::download::sha256_of;

    #[test]
    fn checksums_are_checksums_and_names_are_names() {
        for set in CATALOGUE {
            assert_eq!(DataSet::named(set.name), Some(&set));
            for file in set.files {
                assert!(file.sha256.len() == 64 && file.sha256.bytes().all(|b| b.is_ascii_hexdigit()));
                assert!(!file.name.contains(['/', '\\']) && file.bytes > 0);
            }
            assert!(set.mirrors.iter().all(|mirror| mirror.ends_with('/')));
        }
        assert_eq!(DataSet::named("minst"), None);
    }

    /// Three of the four files beside the workspace are the originals bit for bit; the fourth was compressed anew.
    #[test]
    fn checksums_are_those_of_the_originals() {
        let Some(folder) = arm_needs::data("mnist") else { return };
        for file in &CATALOGUE[0].files[1..] {
            let path = folder.join(file.name);
            assert_eq!(sha256_of(&path).unwrap(), (file.bytes, file.sha256.to_owned()));
        }
    }
}
