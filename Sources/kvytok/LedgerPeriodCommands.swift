import ArgumentParser
import Basics
import Clearing
import Foundation
import Insight
import Ledger
import Store
import Transit

/// Months of the books.
struct LedgerPeriods: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "periods", abstract: "Lists the months of the books with their roots.")

  @OptionGroup var database: DatabaseOptions

  func run() async throws {
    let rows = try await Backbone.with(database) { backbone in
      try await backbone.store.read { db in try await db.periods.list() }
    }
    var table = TextTable([
      ("period", .left), ("state", .left), ("closed at", .left), ("by", .left), ("root", .left),
    ])
    for row in rows {
      table.add([
        row.name, row.state.rawValue, row.closedAt?.description ?? "", row.closedBy ?? "",
        row.root.map { hexText($0) } ?? "",
      ])
    }
    print(rows.isEmpty ? "nothing is booked yet" : table.text)
  }
}

/// Closes a month for ever.
struct LedgerClose: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "close", abstract: "Closes a month of the books for ever.",
    discussion: """
      First the month takes no more entries, then the books are proven, and its trees, reports and \
      root are kept. What comes late is booked in the next month. Something still open (taps in \
      quarantine, unsorted batches, rider-days not rated, fares without an operator, …) refuses the \
      close, unless --with-open-items orders it: the list is then kept with the period.
      """)

  @Argument(help: "The month: 2026-11.")
  var period: String

  @OptionGroup var who: PersonOptions

  @Flag(help: "Close although something is still open, and keep the list of it.")
  var withOpenItems = false

  @OptionGroup var database: DatabaseOptions

  func run() async throws {
    let outcome = try await Backbone.with(database) { backbone in
      let city = CityHolder()
      try await city.reload(from: backbone.store)
      let by = try await who.person(backbone.store).label
      return try await PeriodClosing(
        store: backbone.store, city: city.current,
        reporting: KeptReports(zone: city.current.clock.zone).make
      ).close(period, by: by, isOpenAllowed: withOpenItems, at: .now)
    }
    switch outcome {
    case .closed(let proof, let items):
      for item in items { print("left open: \(item.sentence)") }
      for tree in proof.trees { print("\(tree.table): \(tree.leaves) rows, \(hexText(tree.root))") }
      print("\(period) is closed; root \(hexText(proof.root))")
      print("Keep the root where nobody can change it: it proves all that is in the period.")
    case .alreadyClosed(let row):
      print("\(period) was closed before; root \(row.root.map { hexText($0) } ?? "")")
    case .refused(let why): throw CommandFault(why, exitCode: CommandFault.no)
    case .open(let items):
      for item in items { print("open: \(item.sentence)") }
      throw CommandFault(
        "\(period) is not closed: settle what is open, or order --with-open-items.",
        exitCode: CommandFault.no)
    case .unsound(let findings):
      for finding in findings { print("fault: \(finding)") }
      throw CommandFault(
        "\(period) is not closed: the books do not agree.", exitCode: CommandFault.no)
    }
  }
}

extension OpenItem {
  /// What is open, and what to do about it.
  var sentence: String {
    let amount = currency.map { code in
      Currency(code).map { "\(Money(minor: count, currency: $0))" } ?? "\(count) \(code)"
    }
    return switch kind {
    case .quarantinedTaps: "\(count) taps in quarantine: release or discard them"
    case .unsortedBatches: "\(count) batches of the journal are not sorted: let the workers run"
    case .setAsideBatches: "\(count) batches of the journal cannot be read: see `kvytok doctor`"
    case .staleRiderDays: "\(count) rider-days are not rated: let the workers run"
    case .unknownFares: "\(count) rides have no known fare: publish a tariff for their days"
    case .unknownOperator:
      "\(amount ?? "\(count)") of fares without an operator (2190): import the routes they name"
    case .unknownOperatorGiven:
      "\(amount ?? "\(count)") given back of fares without an operator (2190): adjust them"
    case .unmatchedReceipts: "\(amount ?? "\(count)") of receipts that match nothing (2290)"
    case .unmatchedPayments: "\(amount ?? "\(count)") of payments that match nothing (2290)"
    case .undecidedAdjustments: "\(count) adjustments wait for a second person"
    case .ordersUnderWay: "\(count) orders to rate anew are still being carried out"
    case .keptMessages:
      "\(count) messages or lines of the acquirer fit nothing: see `kvytok acquirer messages`"
    }
  }
}

/// Shows that an entry is in a closed period.
struct LedgerProofCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "proof", abstract: "Writes a proof that an entry is in its closed period, as JSON."
  )

  @Option(help: "Number of the entry.")
  var entry: Int64

  @OptionGroup var database: DatabaseOptions

  func run() async throws {
    let inclusion = try await Backbone.with(database) { backbone in
      try await ProvingEntries(store: backbone.store).inclusion(of: entry)
    }
    switch inclusion {
    case .proven(let inclusion): print(String(decoding: inclusion.json, as: UTF8.self))
    case .unknown:
      throw CommandFault("There is no entry \(entry).", exitCode: CommandFault.no)
    case .notClosed(let day):
      throw CommandFault(
        "Entry \(entry) is booked on \(day), whose month is not closed yet.",
        exitCode: CommandFault.no)
    }
  }
}

/// Checks a proof without a database.
struct LedgerVerifyProof: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify-proof",
    abstract: "Checks the file of `ledger proof` without a database; exit 1 when it does not hold.")

  @Argument(help: "The file.")
  var file: String

  @Option(help: "The root of the period as it was written down when it was closed.")
  var root: String?

  func run() async throws {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw OwnerWords.unreadable(file)
    }
    do {
      try SettingsFile.checkForm(data)
    } catch {
      throw CommandFault("\(file) is no proof: \(error).", exitCode: CommandFault.no)
    }
    let inclusion: EntryInclusion
    do throws(JSONFault) {
      inclusion = try EntryInclusion(json: Array(data))
    } catch {
      throw CommandFault(
        "\(file) is no proof: \(error.pointer) \(error.message)", exitCode: CommandFault.no)
    }
    if let fault = inclusion.fault {
      throw CommandFault("The proof does not hold: \(fault).", exitCode: CommandFault.no)
    }
    let found = hexText(inclusion.proof.root)
    if let root, root.lowercased() != found {
      throw CommandFault(
        "The proof leads to the root \(found), which is not the one given.",
        exitCode: CommandFault.no)
    }
    print("entry \(inclusion.entry.number) is in \(inclusion.proof.period); root \(found)")
    if root == nil { print("Compare the root with the one that was kept, or give it by --root.") }
  }
}
