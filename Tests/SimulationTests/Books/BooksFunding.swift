import AcquirerSupport
import Basics
import Clearing
import SimulatedAcquirer
import Synchronization

/// What is wrong with a funding file, or with a line of it.
enum FileFault: CaseIterable, Sendable {
  case cutOff, twice, unknownReference, late, otherCurrency, changed, paidTwice, none
}

/// The acquirer's funding files.
extension BooksWorld {
  /// The acquirer that is asked says now and then what it paid, the one that works by files every other
  /// day, each time with another fault.
  mutating func fund(on index: Int) async throws {
    guard house.isByFile else {
      guard index % 4 == 3 else { return }
      let file = house.acquirer.books.withLock {
        $0.funding(on: CityCalendar.start, merchant: "city", currency: "UAH")
      }
      return try await takeFunding(file)
    }
    guard index % 2 == 1 else { return }
    let fault = FileFault.allCases[filesMade % FileFault.allCases.count]
    filesMade += 1
    try await fund(on: CityCalendar.day(index), fault)
  }

  /// A file of the acquirer that works by files; one that was late comes after it.
  mutating func fund(on day: Day, _ fault: FileFault) async throws {
    let odd = oddLines(fault, on: day)
    let file = house.filed.withLock { $0.funding(on: day, besides: odd) }
    switch fault {
    case .late:
      lateFiles.append(file.bytes)
      count("file late")
      return
    case .cutOff:
      try await refuse(Array(file.bytes.dropLast(file.bytes.count / 3)), "cut off")
      count("file cut off")
    case .twice, .unknownReference, .otherCurrency, .changed, .paidTwice, .none: break
    }
    try await takeFunding(file.bytes, isTwice: fault == .twice)
    if fault == .changed {
      let line = AcquirerByFile.line("D", "X-other", minor: 100, on: day)
      try await refuse(
        AcquirerByFile.file(number: file.number, on: day, [line]), "with other content")
      count("file changed")
    }
    for late in lateFiles { try await takeFunding(late) }
    lateFiles = []
  }

  /// Lines about nothing that the house knows, or about what was paid before.
  private mutating func oddLines(_ fault: FileFault, on day: Day) -> [[String]] {
    keys += 1
    let paid = funded.paid.min { $0.key < $1.key }
    switch fault {
    case .unknownReference:
      count("unknown reference")
      return [AcquirerByFile.line("D", "X-\(keys)", minor: 777, on: day)]
    case .otherCurrency:
      guard let paid else { return [] }
      count("line in another currency")
      return [
        AcquirerByFile.line(
          "D", paid.key, key: paid.key, minor: 555, currency: "EUR", on: day)
      ]
    case .paidTwice:
      guard let paid else { return [] }
      count("payment paid twice")
      return [AcquirerByFile.line("D", paid.key, key: paid.key, minor: paid.value, on: day)]
    case .cutOff, .twice, .late, .changed, .none: return []
    }
  }

  private mutating func nextFileName() -> String {
    keys += 1
    return "funding-\(keys).csv"
  }

  private mutating func takeFunding(_ bytes: [UInt8], isTwice: Bool = false) async throws {
    let (house, name) = (house, nextFileName())
    let isKnown: @Sendable (FundingOutcome) -> Bool = {
      if case .known = $0 { true } else { false }
    }
    let outcome = try await have("funding file", again: .answered(isKnown)) {
      try await house.funding.take(bytes, name: name)
    }
    guard case .taken = outcome else {
      findings.append("\(name) was not taken: \(outcome)")
      return
    }
    funded.take(bytes)
    guard isTwice else { return }
    let other = nextFileName()
    let again = try await house.insist { try await house.funding.take(bytes, name: other) }
    if !isKnown(again) { findings.append("\(name) again is \(again)") }
    count("file twice")
  }

  private mutating func refuse(_ bytes: [UInt8], _ words: String) async throws {
    let (house, name) = (house, nextFileName())
    let outcome = try await house.insist { try await house.funding.take(bytes, name: name) }
    if case .refused(let why) = outcome, why.contains(words) { return }
    findings.append("\(name) was not refused: \(outcome)")
  }
}
