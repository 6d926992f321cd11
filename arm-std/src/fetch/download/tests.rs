//! Against a server on the loopback interface that does what servers do on bad days.

use super::*;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// What the server answers to a request.
#[derive(Clone, Copy, Debug)]
enum Reply {
    /// What was asked for.
    Good,
    /// Everything, whatever range was asked for.
    Whole,
    /// What was asked for, but the connection breaks after so many bytes.
    Cut(usize),
    /// The first so many bytes, whatever range was asked for, and the connection breaks.
    Start(usize),
    /// So many bytes, and then silence.
    Stall(usize),
    /// The connection breaks before any answer.
    Drop,
    /// This path instead.
    Redirect(&'static str),
    /// This status and no body.
    Status(u16),
    /// Other bytes, as many.
    Corrupt,
    /// More bytes than there should be.
    Long,
}

/// A server that gives these replies, one a connection, and reports path and range of each request.
fn serve(replies: Vec<Reply>) -> (String, Receiver<(String, Option<usize>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/data/", listener.local_addr().unwrap());
    let (sender, requests) = channel();
    thread::spawn(move || {
        let mut silent = Vec::new();
        for reply in replies {
            let Ok((stream, _)) = listener.accept() else { return };
            let request = read_request(&stream);
            let _ = sender.send(request.clone());
            if answer(reply, request.1, &stream).is_ok() && matches!(reply, Reply::Stall(_)) {
                silent.push(stream);
            }
        }
        // Connections that are silent must stay open until the fetcher gives them up.
        thread::sleep(Duration::from_secs(20));
    });
    (address, requests)
}

fn read_request(stream: &TcpStream) -> (String, Option<usize>) {
    let lines: Vec<String> =
        BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let path = lines[0].split(' ').nth(1).unwrap().to_owned();
    let range = lines.iter().find_map(|line| {
        let line = line.to_ascii_lowercase();
        line.strip_prefix("range: bytes=")?.strip_suffix('-')?.parse().ok()
    });
    (path, range)
}

fn answer(reply: Reply, range: Option<usize>, mut stream: &TcpStream) -> io::Result<()> {
    let mut body = content();
    let from = if matches!(reply, Reply::Whole | Reply::Start(_)) { 0 } else { range.unwrap_or(0) };
    match reply {
        Reply::Drop => return Ok(()),
        Reply::Redirect(path) => {
            return write!(
                stream,
                "HTTP/1.1 302 Found\r\nLocation: {path}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
        Reply::Status(status) => {
            return write!(stream, "HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
        Reply::Corrupt => body[77_000] ^= 1,
        Reply::Long => body.push(0),
        _ => {}
    }
    let part = &body[from..];
    let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n", part.len())?;
    if from > 0 {
        write!(stream, "Content-Range: bytes {from}-{}/{}\r\n", body.len() - 1, body.len())?;
    }
    stream.write_all(b"\r\n")?;
    let sent = match reply {
        Reply::Cut(count) | Reply::Start(count) | Reply::Stall(count) => count.min(part.len()),
        _ => part.len(),
    };
    stream.write_all(&part[..sent])?;
    stream.flush()
}

/// 100 000 bytes, and the file that they are.
fn content() -> Vec<u8> {
    (0..100_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

const FILE: RemoteFile = RemoteFile {
    name: "bytes.gz",
    bytes: 100_000,
    sha256: "da7d952c43183bf6d33a9110c955bb23227d7dc925819d3f579ce2e01e81b603",
};

struct Case {
    folder: tempfile::TempDir,
    fetcher: Fetcher,
}

impl Case {
    fn new() -> Case {
        Case { folder: tempfile::tempdir().unwrap(), fetcher: Fetcher::new(Duration::from_millis(300)) }
    }

    fn fetch(&self, bases: &[&str]) -> Result<Fetched, FetchError> {
        let mut last = 0;
        let result = self.fetcher.fetch(&FILE, bases, self.folder.path(), &mut |bytes| last = bytes);
        assert!(last <= FILE.bytes);
        result
    }

    /// Names and lengths of what is in the folder.
    fn files(&self) -> Vec<(String, u64)> {
        let entry = |entry: io::Result<fs::DirEntry>| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len())
        };
        fs::read_dir(self.folder.path()).unwrap().map(entry).collect()
    }

    fn is_whole(&self) {
        assert_eq!(self.files(), [("bytes.gz".to_owned(), 100_000)]);
        assert_eq!(fs::read(self.folder.path().join("bytes.gz")).unwrap(), content());
    }
}

#[test]
fn a_file_comes_whole_and_is_not_fetched_again() {
    let case = Case::new();
    let (base, requests) = serve(vec![Reply::Good]);
    assert_eq!(case.fetch(&[&base]).unwrap(), Fetched::Now { resumed: 0 });
    case.is_whole();
    assert_eq!(case.fetch(&[&base]).unwrap(), Fetched::Present);
    assert_eq!(requests.try_iter().collect::<Vec<_>>(), [("/data/bytes.gz".to_owned(), None)]);
    fs::write(case.folder.path().join("bytes.gz"), b"mine").unwrap();
    assert!(matches!(case.fetch(&[&base]), Err(FetchError::Taken(_))));
    assert_eq!(case.files(), [("bytes.gz".to_owned(), 4)]);
}

#[test]
fn a_cut_connection_is_taken_up_where_it_broke() {
    let case = Case::new();
    let (base, requests) = serve(vec![Reply::Cut(30_000), Reply::Drop, Reply::Cut(1), Reply::Good]);
    case.fetch(&[&base]).unwrap();
    case.is_whole();
    let ranges: Vec<_> = requests.try_iter().map(|(_, range)| range).collect();
    assert_eq!(ranges, [None, Some(30_000), Some(30_000), Some(30_001)]);
}

#[test]
fn a_server_that_is_gone_leaves_the_part_for_the_next_time() {
    let case = Case::new();
    let (base, _requests) = serve(vec![Reply::Cut(40_000), Reply::Drop, Reply::Drop, Reply::Drop]);
    let message = case.fetch(&[&base]).unwrap_err().to_string();
    assert!(message.contains("40000 of 100000 bytes") && message.contains("goes on from there"), "{message}");
    assert_eq!(case.files(), [("bytes.gz.part".to_owned(), 40_000)]);
    let (base, requests) = serve(vec![Reply::Good]);
    assert_eq!(case.fetch(&[&base]).unwrap(), Fetched::Now { resumed: 40_000 });
    case.is_whole();
    assert_eq!(requests.try_iter().next().unwrap().1, Some(40_000));
}

#[test]
fn a_server_without_ranges_sends_all_of_it_again() {
    let case = Case::new();
    let (base, _requests) = serve(vec![Reply::Cut(50_000), Reply::Whole]);
    case.fetch(&[&base]).unwrap();
    case.is_whole();
}

#[test]
fn a_server_that_starts_over_and_breaks_at_the_same_place_is_given_up() {
    let case = Case::new();
    let (base, requests) = serve(vec![Reply::Start(500); 9]);
    assert!(matches!(case.fetch(&[&base]), Err(FetchError::Net { kept: 500, .. })));
    assert_eq!(requests.try_iter().count(), 4);
}

#[test]
fn redirects_are_followed_with_the_range() {
    let case = Case::new();
    fs::write(case.folder.path().join("bytes.gz.part"), &content()[..10]).unwrap();
    let (base, requests) = serve(vec![Reply::Redirect("/elsewhere"), Reply::Good]);
    case.fetch(&[&base]).unwrap();
    case.is_whole();
    let requests: Vec<_> = requests.try_iter().collect();
    assert_eq!(requests[1], ("/elsewhere".to_owned(), Some(10)));
    let case = Case::new();
    let (base, _requests) = serve(vec![Reply::Redirect("/data/bytes.gz"); 40]);
    assert!(matches!(case.fetch(&[&base]), Err(FetchError::Net { .. })));
    assert_eq!(case.files(), []);
}

#[test]
fn a_slow_server_is_left_and_asked_again() {
    let case = Case::new();
    let (base, requests) = serve(vec![Reply::Stall(20_000), Reply::Good]);
    case.fetch(&[&base]).unwrap();
    case.is_whole();
    assert_eq!(requests.try_iter().nth(1).unwrap().1, Some(20_000));
    let case = Case::new();
    let (base, _requests) = serve(vec![Reply::Stall(0); 3]);
    assert!(matches!(case.fetch(&[&base]), Err(FetchError::Net { kept: 0, .. })));
    assert_eq!(case.files(), []);
}

#[test]
fn the_wrong_file_is_not_kept() {
    for (reply, word) in [(Reply::Corrupt, "SHA-256"), (Reply::Long, "more than 100000 bytes")] {
        let case = Case::new();
        let (base, _requests) = serve(vec![reply]);
        let message = case.fetch(&[&base]).unwrap_err().to_string();
        assert!(message.contains(word) && message.contains("not kept"), "{message}");
        assert_eq!(case.files(), []);
    }
}

#[test]
fn a_wrong_part_is_thrown_away_and_the_file_fetched_whole() {
    let case = Case::new();
    for part in [&b"something else"[..], &[0; 200_000]] {
        fs::write(case.folder.path().join("bytes.gz.part"), part).unwrap();
        let (base, _requests) = serve(vec![Reply::Good; 2]);
        case.fetch(&[&base]).unwrap();
        case.is_whole();
        fs::remove_file(case.folder.path().join("bytes.gz")).unwrap();
    }
}

#[test]
fn the_next_address_is_tried() {
    let case = Case::new();
    let (first, _requests) = serve(vec![Reply::Status(404); 3]);
    let (second, _requests) = serve(vec![Reply::Corrupt]);
    let (third, _requests) = serve(vec![Reply::Good]);
    case.fetch(&[&first, &second, &third]).unwrap();
    case.is_whole();
    let case = Case::new();
    let (first, _requests) = serve(vec![Reply::Status(503); 3]);
    let message = case.fetch(&[&first]).unwrap_err().to_string();
    assert!(message.contains("bytes.gz: answered with status 503"), "{message}");
    assert_eq!(case.files(), []);
}

#[test]
fn addresses_that_lead_nowhere_are_errors() {
    let case = Case::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for base in [format!("http://{closed}"), "no address".to_owned(), "ftp://127.0.0.1/".to_owned()] {
        assert!(matches!(case.fetch(&[&base]), Err(FetchError::Net { .. })), "{base}");
    }
    assert!(case.fetch(&[]).is_err());
    assert_eq!(case.files(), []);
}
