//! Quick.
heaplens::install!();
fn leaf(n: usize) -> Vec<u8> { vec![1; n] }
fn work() -> Vec<Vec<u8>> { (1..1000).map(leaf).collect() }
fn main() {
    let (v, p) = heaplens::profile("work", work);
    println!("{}", p.summary());
    drop(v);
    let pr = heaplens::Profiler::start().unwrap();
    let t = std::thread::spawn(|| heaplens::measure("inner", || work().len()));
    let w = work();
    t.join().unwrap().0;
    drop(w);
    let p = pr.stop();
    println!("{}", p.summary());
    p.write_folded(heaplens::Metric::TotalBytes, std::io::stdout()).unwrap();
    p.save("/tmp/q.json").unwrap();
    println!("{}", heaplens::stats());
}
