import ArgumentParser
import Basics
import Clearing
import Ledger
import Store

/// Corrections by hand: one person asks, another approves.
struct LedgerAdjust: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adjust", abstract: "Corrects the books by hand, with a second person's approval.",
    subcommands: [Request.self, Approve.self, Refuse.self, List.self])

  struct Request: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "request", abstract: "Asks for a correction; nothing is booked yet.",
      discussion: """
        Each --line is an account, its operator where it has one, and the amount in minor units on \
        its side: --line 1200:debit:150 --line 2100/north:credit:150. What cards, passes and carnets hold \
        (2200, 2210) is moved by kvytok wallet correct and kvytok product refund; an adjustment only \
        settles a difference there that kvytok ledger verify names.
        """)

    @Option(help: "A line: ACCOUNT[/OPERATOR]:debit|credit:MINOR; at least two.")
    var line: [String]

    @Option(help: "The currency of the lines.")
    var currency: String

    @Option(help: "The fare day it belongs to.", transform: Day.argument)
    var fareDay: Day?

    @Option(
      help: """
        What it pays of the money that riders are owed (2220): KVYTOK-T12 a transfer of stored value, \
        KVYTOK-H5 the rest of a pass or carnet, KVYTOK-R4 a failed refund. Nobody else pays it then.
        """)
    var pays: [String] = []

    @Option(help: "Why; it is kept with the entry.")
    var reason: String

    @OptionGroup var who: PersonOptions

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      guard let currency = Currency(currency) else {
        throw ValidationError("\(currency) is no currency; write it as UAH.")
      }
      let postings = try line.map(Self.posting)
      let outcome = try await LedgerAdjust.with(database, who) { adjusting, by in
        try await adjusting.request(
          postings, pays: pays, currency: currency, fareDay: fareDay, reason: reason, by: by,
          at: .now)
      }
      try LedgerAdjust.tell(outcome)
    }

    /// Reads `2100/north:credit:150`.
    static func posting(_ text: String) throws -> Posting {
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 3, let side = Side(rawValue: String(parts[1])) else {
        throw ValidationError("\(text) is no line; write it as 2100/north:credit:150.")
      }
      let minor = try LedgerAdjust.minorUnits(parts[2], of: text)
      let account = parts[0].split(separator: "/", maxSplits: 1)
      return Posting(
        side, account: String(account.first ?? ""),
        operatorID: account.count > 1 ? String(account[1]) : nil, minor: minor)
    }
  }

  /// The amount of a line: digits only, for the side says which way it goes.
  private static func minorUnits(_ digits: Substring, of line: String) throws -> Int64 {
    if let minor = Int64(digits), (1...Money.outsideMinorMax).contains(minor) { return minor }
    let isNumber = !digits.isEmpty && digits.allSatisfy { $0.isASCII && $0.isNumber }
    let why =
      switch Int64(digits) {
      case .some(...0): "is above zero: the other way is the other side, debit or credit"
      case .none where !isNumber: "is whole minor units in digits: 150 is 1.50"
      default: "is at most \(Money.outsideMinorMax) minor units"
      }
    throw ValidationError("\(line): the amount \(why).")
  }

  struct Approve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "approve", abstract: "Approves another person's correction, which books it.")

    @Argument(help: "Number of the correction.")
    var number: Int64

    @OptionGroup var who: PersonOptions

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try LedgerAdjust.tell(
        try await LedgerAdjust.with(database, who) { adjusting, by in
          try await adjusting.decide(number, isApproved: true, by: by, at: .now)
        })
    }
  }

  struct Refuse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "refuse", abstract: "Refuses another person's correction.")

    @Argument(help: "Number of the correction.")
    var number: Int64

    @Option(help: "Why not.")
    var reason: String

    @OptionGroup var who: PersonOptions

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try LedgerAdjust.tell(
        try await LedgerAdjust.with(database, who) { adjusting, by in
          try await adjusting.decide(
            number, isApproved: false, reason: reason, by: by, at: .now)
        })
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "Lists corrections line by line, the newest first.")

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let rows = try await Backbone.with(database) { backbone in
        try await backbone.store.read { db in try await db.adjustments.list() }
      }
      var table = TextTable([
        ("number", .right), ("state", .left), ("asked by", .left), ("decided by", .left),
        ("entry", .right), ("fare day", .left), ("account", .left), ("debit", .right),
        ("credit", .right), ("pays", .left), ("reason", .left),
      ])
      for row in rows {
        for (index, posting) in row.postings.enumerated() {
          let head = [
            String(row.number), row.state.rawValue, row.requestedBy, row.decidedBy ?? "",
            row.entryNumber.map(String.init) ?? "", row.fareDay?.description ?? "",
          ]
          table.add(
            (index == 0 ? head : head.map { _ in "" })
              + Self.cells(of: posting, row.currency)
              + (index == 0 ? [row.pays.joined(separator: " "), row.reason] : ["", ""]))
        }
      }
      print(rows.isEmpty ? "there are no corrections" : table.text)
      if rows.count >= AdjustmentTables.pageMax {
        print("the newest \(rows.count) are listed; there may be more")
      }
    }

    /// The account of a line as `--line` takes it, and the amount on its side.
    private static func cells(of posting: Posting, _ currency: Currency) -> [String] {
      let account = posting.account + (posting.operatorID.map { "/\($0)" } ?? "")
      return [account]
        + [posting.debitMinor, posting.creditMinor].map {
          $0 == 0 ? "" : moneyText($0, currency)
        }
    }
  }

  private static func with(
    _ options: DatabaseOptions, _ who: PersonOptions,
    _ body: (Adjusting, String) async throws -> AdjustmentOutcome
  ) async throws -> AdjustmentOutcome {
    try await Backbone.with(options) { backbone in
      let city = CityHolder()
      try await city.reload(from: backbone.store)
      let by = try await who.person(backbone.store).label
      return try await body(Adjusting(store: backbone.store, city: city), by)
    }
  }

  private static func tell(_ outcome: AdjustmentOutcome) throws {
    func no(_ text: String) -> CommandFault { CommandFault(text, exitCode: CommandFault.no) }
    switch outcome {
    case .requested(let number):
      print("correction \(number) waits for another person: kvytok ledger adjust approve \(number)")
    case .booked(let entry, let day): print("booked as entry \(entry) on \(day)")
    case .refused: print("refused")
    case .faulty(let fault): throw no("The lines are no entry: \(fault).")
    case .unfit(let why), .unfitLine(let why), .unknownCurrency(let why):
      throw no("It cannot be done: \(why).")
    case .unknown: throw no("There is no such correction; see `kvytok ledger adjust list`.")
    case .decided(let state): throw no("It was \(state.rawValue) before.")
    case .ownRequest:
      throw no("Who asks for a correction may not decide on it: ask another person.")
    case .nameless: throw no("Name the person and the reason; neither may be empty.")
    }
  }
}
