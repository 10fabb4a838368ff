package import Basics

/// What came of a worked example.
package struct CaseOutcome: Sendable {
  package var worked: TariffCase
  package var rides: [RatedRide]
  /// What differs from the expectation; empty when the case holds.
  package var differences: [TariffFault]
}

/// What `tariff check` found: faults and warnings, and the outcome of each worked case.
package struct TariffCheck: Sendable {
  package var folder: String
  package var book: TariffBook?
  package var faults: [TariffFault]
  package var cases: [CaseOutcome]

  /// Whether the tariff can go live: no fault that is not a warning, and each case holds.
  package var isGood: Bool {
    book != nil && !faults.contains { !$0.isWarning } && cases.allSatisfy(\.differences.isEmpty)
  }

  /// One line per fault with file and line, then a line that sums up.
  package var text: String {
    let differences = cases.flatMap(\.differences)
    var lines = (faults + differences).map { "\(folder)/\($0.description)" }
    let good = cases.filter(\.differences.isEmpty).count
    let versions = book?.versions.count ?? 0
    lines.append(
      "\(folder): \(isGood ? "good" : "NOT GOOD"), \(versions) version\(versions == 1 ? "" : "s"), "
        + "\(good) of \(cases.count) cases hold")
    return lines.joined(separator: "\n") + "\n"
  }
}

extension TariffSource {
  /// Reads the tariff and runs its worked cases; with a network, also on what the tariff says of it.
  package func check(network: FareNetwork? = nil) -> TariffCheck {
    let reading = load()
    var check = TariffCheck(folder: folder, book: reading.book, faults: reading.faults, cases: [])
    guard var book = reading.book else { return check }
    for version in book.versions { check.faults += version.noteDoubts }
    if let network {
      for version in book.versions { check.faults += version.faults(against: network.network) }
      book = book.bound(to: network)
      check.book = book
    }
    let files = files.filter { $0.path.hasPrefix("cases/") && $0.path.hasSuffix(".yaml") }
    if files.isEmpty {
      check.faults.append(
        TariffFault(
          file: TariffSource.mainPath, line: 1,
          message: "no worked cases in cases/; nothing shows that the rules mean what they should",
          isWarning: true))
    }
    for file in files.sorted(by: { $0.path < $1.path }) {
      let (cases, faults) = CaseReader.read(file, book: book)
      check.faults += faults
      check.cases += cases.map { CaseOutcome.run($0, book: book) }
    }
    return check
  }
}

extension CaseOutcome {
  /// Rates a case and compares.
  static func run(_ worked: TariffCase, book: TariffBook) -> CaseOutcome {
    let (rides, unpaired) = PriceTable.outcome(of: worked.rider, book: book)
    var outcome = CaseOutcome(worked: worked, rides: rides, differences: [])
    if rides.count != worked.expected.count {
      outcome.differ(
        worked.line, "\(rides.count) rides come of it, the case has \(worked.expected.count)")
    }
    for (index, (ride, expected)) in zip(rides, worked.expected).enumerated() {
      outcome.compare(ride, expected, number: index + 1)
    }
    for expected in worked.unpaired {
      outcome.compare(unpaired.first { $0.at == expected.at }, expected)
    }
    let total = rides.reduce(Int64(0)) { $0 + ($1.chargedMinor ?? 0) }
    if let wanted = worked.totalMinor, wanted != total, let currency = rides.first?.currency {
      outcome.differ(
        worked.line,
        "total \(Money(minor: total, currency: currency)), the case says "
          + "\(Money(minor: wanted, currency: currency))")
    }
    return outcome
  }

  private mutating func compare(_ ride: RatedRide, _ expected: ExpectedRide, number: Int) {
    func text(_ minor: Int64?) -> String {
      minor.map { Money(minor: $0, currency: ride.currency).description } ?? "unknown"
    }
    let reason = ride.reason.sentence(in: .english)
    if ride.chargedMinor != expected.paysMinor {
      differ(
        expected.line,
        "ride \(number) pays \(text(ride.chargedMinor)), the case says "
          + "\(text(expected.paysMinor)); reason: \(reason)")
    }
    if let costs = expected.costsMinor, ride.nominalMinor != costs {
      differ(
        expected.line,
        "ride \(number) costs \(text(ride.nominalMinor)) by itself, the case says \(text(costs))")
    }
    if let because = expected.because, reason.range(of: because) == nil,
      ride.reason.sentence(in: .ukrainian).range(of: because) == nil
    {
      differ(
        expected.line, "the reason of ride \(number) does not say \"\(because)\": \(reason)")
    }
  }

  /// A tap off alone has to end no ride, for the reason that the case says.
  private mutating func compare(_ tap: UnpairedTap?, _ expected: ExpectedRide) {
    guard let tap else {
      differ(expected.line, "the tap off ends a ride, the case says that it makes none")
      return
    }
    let reason = tap.sentence(in: .english)
    if let because = expected.because, reason.range(of: because) == nil,
      tap.sentence(in: .ukrainian).range(of: because) == nil
    {
      differ(expected.line, "the reason of the tap off does not say \"\(because)\": \(reason)")
    }
  }

  private mutating func differ(_ line: Int, _ message: String) {
    differences.append(
      TariffFault(file: worked.file, line: line, message: "case \"\(worked.name)\": \(message)"))
  }
}

extension TariffSource {
  /// Names of the worked cases in the order of their files.
  package var caseNames: [String] { check().cases.map(\.worked.name) }

  /// One worked case step by step: taps, rides, every rule applied and the state that remains.
  ///
  /// Nil when the folder has no case of that name, or its tariff is not good enough to load.
  package func explain(_ name: String, in language: Language) -> String? {
    guard let book = load().book else { return nil }
    for file in files where file.path.hasPrefix("cases/") {
      let (cases, _) = CaseReader.read(file, book: book)
      if let worked = cases.first(where: { $0.name == name }) {
        return PriceTable.explanation(of: worked.rider, book: book, language: language)
      }
    }
    return nil
  }
}
