import Basics
import Tariff
import Testing
import Transit

/// A draft against the tariff in force, and whether it may go live.
struct WhatIfTests {
  private func book(_ price: String, version: String, from: String = "2026-01-01") throws
    -> TariffBook
  {
    let text = """
      effective: {from: \(from)}
      version: \(version)
      currency: UAH
      timezone: Europe/Kyiv
      categories: [adult]
      fares:
      - {name: bus, when: {mode: bus}, price: \(price)}
      - {name: tram, when: {mode: tram}, price: 10.00}
      """
    let source = TariffSource(folder: "t", files: [TariffFile(path: "tariff.yaml", text: text)])
    return try #require(source.load().book)
  }

  @Test func aDraftIsComparedByOperatorCategoryAndRider() throws {
    var whatIf = WhatIf(
      now: try book("12.00", version: "a"), draft: try book("15.00", version: "b"))
    let start = try #require(Instant(iso8601: "2026-11-20T08:00:00+02:00"))
    func tap(_ mode: Mode, _ operatorID: String) -> FareTap {
      FareTap(
        ref: 0, at: start, kind: .single, medium: .card, category: "adult", mode: mode,
        operatorID: operatorID)
    }
    whatIf.add(rider: "bus rider", category: "adult", taps: [tap(.bus, "AVTO1")])
    whatIf.add(rider: "tram rider", category: "adult", taps: [tap(.tram, "TRAMTROL")])
    #expect(whatIf.ridersMore == 1 && whatIf.ridersLess == 0 && whatIf.ridersSame == 1)
    let first = try #require(whatIf.lines.first)
    #expect(first.group == "operator" && first.name == "AVTO1" && first.rides == 1)
    #expect(first.nowMinor == 1200 && first.draftMinor == 1500)
    #expect(whatIf.largestChanges.map(\.rider) == ["bus rider"])
    #expect(whatIf.csv.contains("category,adult,UAH,2,2200,2500,300"))
  }

  @Test func thePastChangesOnlyWithAnOrder() throws {
    let today = try #require(Day("2026-11-22"))
    let old = try book("12.00", version: "a").versions
    let past = try book("15.00", version: "b", from: "2026-11-01").versions[0]
    let future = try book("15.00", version: "c", from: "2026-12-01").versions[0]
    func decide(_ version: CompiledTariff, _ isOrdered: Bool) -> PublishingDecision {
      PublishingDecision.decide(
        version, published: old, today: today, isReratingOrdered: isOrdered)
    }
    #expect(decide(future, false) == .scheduled(future.firstDay))
    #expect(decide(past, true) == .rerates(from: past.firstDay))
    guard case .refused(let why) = decide(past, false) else {
      Issue.record("a change to the past went through")
      return
    }
    #expect(why.english.contains("only with an order"))
    guard case .refused = decide(old[0], false) else {
      Issue.record("the same version went through twice")
      return
    }
  }
}
