import Basics
import Tapping

/// The files that go between the house and the acquirer as lines of words, read and written apart from the program.
enum PlainFile {
  /// The lines of a file, the first and the last with them.
  static func lines(_ bytes: [UInt8]) -> [[String]] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// A file of some lines, with the last line that belongs to them.
  static func bytes(_ lines: [[String]], sums: [Int64]) -> [UInt8] {
    let text = lines.map { $0.joined(separator: ",") + "\n" }.joined()
    let last =
      ["T", "\(lines.count - 1)"] + sums.map(String.init)
      + [hexText(SHA256Digest.hash(Array(text.utf8)))]
    return Array((text + last.joined(separator: ",") + "\n").utf8)
  }
}

/// An acquirer that is told of payments by clearing files alone and says by funding files what it pays,
/// with books of its own.
///
/// What it does about a payment hangs on the seed and the payment's key only.
struct AcquirerByFile: Sendable {
  /// A capture that a clearing file told of.
  struct Payment: Sendable {
    let reference: String
    let minor: Int64
    /// Whether it does not pay it, unless some of it was given back before it says so.
    var isDeclined: Bool
    /// Funding files that still pass before one tells of it.
    var waits: Int
    var refundedMinor: Int64 = 0
  }

  /// What a clearing file told to give back.
  struct Refund: Sendable {
    let minor: Int64
  }

  private let seed: UInt64
  private let declines: Double
  /// All captures, by key.
  private(set) var payments: [String: Payment] = [:]
  /// All refunds, by key.
  private(set) var refunds: [String: Refund] = [:]
  /// What clearing files have that none may have.
  private(set) var faults: [String] = []
  /// Clearing files, by number.
  private(set) var files: [Int64: [UInt8]] = [:]
  private var untold: Set<String> = []
  private var filesMade: Int64 = 0

  init(seed: UInt64, declines: Double) {
    self.seed = seed
    self.declines = declines
  }

  // MARK: - Clearing files

  /// Takes a clearing file; one that came before changes nothing.
  mutating func take(_ bytes: [UInt8]) {
    let lines = PlainFile.lines(bytes)
    let body = Array(lines.dropFirst().dropLast())
    guard let head = lines.first, head.count == 7, let number = Int64(head[3]),
      body.allSatisfy({ $0.count == 5 })
    else {
      faults.append("a clearing file cannot be read: \(lines.first ?? [])")
      return
    }
    if let before = files[number] {
      if before != bytes { faults.append("clearing file \(number) came again with other content") }
      return
    }
    if number != Int64(files.count) + 1 {
      faults.append("clearing file \(number) came after \(files.count) others")
    }
    files[number] = bytes
    func sum(_ letter: String) -> Int64 {
      body.filter { $0[0] == letter }.reduce(0) { $0 + (Int64($1[4]) ?? 0) }
    }
    let right = PlainFile.bytes(
      [["H", "KVYTOK-CLEARING", "1", head[3], head[4], "city", "UAH"]] + body,
      sums: [sum("C"), sum("R")])
    if bytes != right { faults.append("clearing file \(number) is not what its lines come to") }
    for line in body {
      let minor = Int64(line[4]) ?? 0
      if line[0] == "C" {
        capture(line[1], reference: line[2], minor)
      } else {
        giveBack(line[1], reference: line[2], minor)
      }
    }
  }

  private mutating func capture(_ key: String, reference: String, _ minor: Int64) {
    guard payments[key] == nil else {
      faults.append("\(key) is captured twice")
      return
    }
    var chance = SeededGenerator(seed: seed ^ stableHash(key))
    payments[key] = Payment(
      reference: reference, minor: minor, isDeclined: chance.chance(declines),
      waits: chance.chance(0.2) ? 1 : 0)
    untold.insert(key)
  }

  private mutating func giveBack(_ key: String, reference: String, _ minor: Int64) {
    let payment = payments.first { $0.value.reference == reference }
    guard refunds[key] == nil, let payment,
      payment.value.refundedMinor + minor <= payment.value.minor
    else {
      faults.append("\(key) gives back \(minor) that \(reference) does not have")
      return
    }
    payments[payment.key]?.refundedMinor += minor
    refunds[key] = Refund(minor: minor)
    untold.insert(key)
  }

  /// A rider's bank takes a payment back: so the acquirer pays it, or did.
  mutating func dispute(reference: String) {
    for (key, payment) in payments where payment.reference == reference {
      payments[key]?.isDeclined = false
    }
  }

  // MARK: - Funding files

  /// A line of a funding file.
  static func line(
    _ letter: String, _ reference: String, key: String = "", minor: Int64, fee: Int64 = 0,
    currency: String = "UAH", on day: Day, code: String = ""
  ) -> [String] {
    [letter, reference, key, "\(minor)", "\(fee)", currency, "\(day)", "", "", code]
  }

  /// A funding file of some lines.
  static func file(number: Int64, on day: Day, _ lines: [[String]]) -> [UInt8] {
    func sum(_ place: Int) -> Int64 { lines.reduce(0) { $0 + (Int64($1[place]) ?? 0) } }
    return PlainFile.bytes(
      [["H", "KVYTOK-FUNDING", "1", "\(number)", "\(day)", "city", "UAH"]] + lines,
      sums: [sum(3), sum(4)])
  }

  /// The next funding file, over all that none told of yet, and some odd lines; fee 1.5 %.
  mutating func funding(
    on day: Day, besides odd: [[String]]
  ) -> (number: Int64, bytes: [UInt8]) {
    filesMade += 1
    var lines: [[String]] = []
    for key in untold.sorted() {
      if let payment = payments[key] {
        guard payment.waits == 0 else {
          payments[key]?.waits -= 1
          continue
        }
        let isPaid = !payment.isDeclined || payment.refundedMinor > 0
        lines.append(
          isPaid
            ? Self.line(
              "D", payment.reference, key: key, minor: payment.minor,
              fee: (payment.minor * 15 + 500) / 1000, on: day)
            : Self.line("N", payment.reference, key: key, minor: payment.minor, on: day, code: "51")
        )
      } else if let refund = refunds[key] {
        lines.append(Self.line("R", "R" + key, key: key, minor: refund.minor, on: day))
      }
      untold.remove(key)
    }
    return (filesMade, Self.file(number: filesMade, on: day, lines + odd))
  }
}

/// What funding files that were taken come to, worked out from their lines alone.
struct FundedMoney: Sendable {
  /// Minor units that came to the bank, were kept as fees, and belong to nothing, by currency.
  private(set) var bank: [String: Int64] = [:]
  private(set) var fees: [String: Int64] = [:]
  private(set) var unmatched: [String: Int64] = [:]
  /// Payments that came, refunds that were kept, and captures that are not paid, by key.
  private(set) var paid: [String: Int64] = [:]
  private(set) var kept: [String: Int64] = [:]
  private(set) var declined: [String: Int64] = [:]

  /// Adds a file that was taken.
  ///
  /// A line is about something unless it is of another currency than its file, has a name that nobody knows, or pays
  /// what was paid.
  mutating func take(_ bytes: [UInt8]) {
    let lines = PlainFile.lines(bytes)
    for line in lines.dropFirst().dropLast() {
      let (reference, key, currency) = (line[1], line[2], line[5])
      let (gross, fee) = (Int64(line[3]) ?? 0, Int64(line[4]) ?? 0)
      let isKnown = currency == lines[0][6] && !reference.hasPrefix("X-")
      bank[currency, default: 0] -= fee
      fees[currency, default: 0] += fee
      switch line[0] {
      case "D":
        bank[currency, default: 0] += gross
        if isKnown, paid[key] == nil {
          paid[key] = gross
        } else {
          unmatched[currency, default: 0] += gross
        }
      case "R":
        bank[currency, default: 0] -= gross
        kept[key] = gross
      default: declined[key] = gross
      }
    }
  }
}
