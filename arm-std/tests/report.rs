//! The report of a run as a browser shows it.

use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use std::{env, fs};

/// The page as RGB or RGBA rows, with the bytes of a pixel; no name is resolved, so nothing can come from elsewhere.
fn photograph(browser: &str, folder: &Path, page: &Path) -> (usize, Vec<u8>) {
    let shot = folder.join("shot.png");
    let mut child = Command::new(browser)
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--window-size=1200,1700",
        ])
        .arg("--host-resolver-rules=MAP * ~NOTFOUND")
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("--screenshot={}", shot.display()))
        .arg(format!("file://{}", page.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..1200 {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        sleep(Duration::from_millis(100));
    }
    let _ = child.kill();
    let _ = child.wait();
    let mut reader = png::Decoder::new(BufReader::new(fs::File::open(shot).unwrap())).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), (1200, 1700));
    (info.color_type.samples(), pixels)
}

#[test]
fn a_browser_shows_curves_and_pictures() {
    let Some(browser) = arm_needs::chromium() else { return };
    let dir = tempfile::tempdir().unwrap();
    let args = ["train", "--preset", "linear", "--steps", "420", "--nll-samples", "2", "--nll-images", "20"];
    let mut arm = Command::new(env!("CARGO_BIN_EXE_arm"));
    let output = arm.current_dir(dir.path()).args(args).args(["--out", "r"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (samples, pixels) = photograph(browser, dir.path(), &dir.path().join("r/report.html"));
    let count = |is: fn(&[u8]) -> bool| pixels.chunks_exact(samples).filter(|p| is(&p[..3])).count();
    // Both pictures are mostly black; the curve of validation and that of the gradient variance have colours of their own.
    assert!(count(|p| p.iter().all(|&v| v < 16)) > 200_000);
    assert!(count(|p| p.iter().all(|&v| v > 240)) > 400_000);
    assert!(count(|p| p[0] < 60 && p[2] > 130 && p[2] < 220) > 200);
    assert!(count(|p| p[0] > 170 && p[1] > 60 && p[1] < 140 && p[2] < 60) > 200);
}
