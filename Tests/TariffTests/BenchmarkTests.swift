import Foundation
import Tariff
import Testing

/// The load test's loop gives sums and small states; its speed is printed when asked for.
struct BenchmarkTests {
  @Test(arguments: ["zelenohrad", "sydney-opal-2022"])
  func theSameSeedGivesTheSameSum(_ name: String) throws {
    let book = try #require(try Folders.source(name).load().book)
    let tariff = book.versions[book.versions.count - 1]
    let isMeasured = ProcessInfo.processInfo.environment["KVYTOK_MEASURE"] != nil
    let riders = isMeasured ? 4000 : 40
    var first = TariffBenchmark(tariff, riders: riders, days: 5, ridesPerDay: 4, seed: 7)
    var second = TariffBenchmark(tariff, riders: riders, days: 5, ridesPerDay: 4, seed: 7)
    let run = first.run()
    #expect(run.chargedMinor == second.run().chargedMinor)
    #expect(run.rides > riders && run.chargedMinor > 0)
    #expect(first.bytesPerState() < 400)
    guard isMeasured else { return }
    // Time of this thread on its core: other work on the machine is not counted.
    let start = threadSeconds()
    var taps = 0
    for _ in 0..<20 { taps += first.run().taps }
    let seconds = threadSeconds() - start
    print("\(name): \(Int(Double(taps) / seconds)) taps/s, \(first.bytesPerState()) bytes/state")
  }
}

private func threadSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
