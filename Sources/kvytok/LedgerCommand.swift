import ArgumentParser
import Basics
import Clearing
import Insight
import Ledger
import Store

/// The books.
struct LedgerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger", abstract: "Shows the books, proves, closes and corrects them.",
    subcommands: [
      TrialBalanceCommand.self, Verify.self, LedgerPeriods.self, LedgerClose.self,
      LedgerProofCommand.self, LedgerVerifyProof.self, LedgerAdjust.self, LedgerAccept.self,
    ])

  struct TrialBalanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "trial-balance", abstract: "Sums per account; debits and credits must agree.")

    @Option(help: "Last accounting date; today without it.", transform: Day.argument)
    var date: Day?

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let balance = try await Backbone.with(database) { backbone in
        try await backbone.store.read { db in
          try await db.books.trialBalance(through: date)
        }
      }
      var table = TextTable([
        ("account", .left), ("name", .left), ("operator", .left), ("currency", .left),
        ("debit", .right), ("credit", .right),
      ])
      let money = { (minor: Int64, currency: Currency) in
        Money(minor: minor, currency: currency).majorText
      }
      for row in balance.rows {
        let currency = row.key.currency
        table.add([
          row.key.account, ChartOfAccounts.standard.find(row.key.account)?.name[.english] ?? "",
          row.key.operatorID ?? "", currency.code, money(row.sums.debitMinor, currency),
          money(row.sums.creditMinor, currency),
        ])
      }
      var isBalanced = true
      for (currency, sums) in try balance.totals() {
        table.add([
          "total", "", "", currency.code, money(sums.debitMinor, currency),
          money(sums.creditMinor, currency),
        ])
        isBalanced = isBalanced && sums.differenceMinor == 0
      }
      print(table.text)
      for (currency, sums) in try balance.totals() {
        let difference = sums.differenceMinor.map { money($0, currency) } ?? "past 64 bits"
        print("difference \(difference) \(currency)")
      }
      if balance.rows.isEmpty {
        print("difference 0: nothing is booked \(date.map { "through \($0)" } ?? "yet")")
      }
      guard isBalanced else {
        throw CommandFault(
          "Debits and credits differ. Run `kvytok ledger verify` to find where.",
          exitCode: CommandFault.no)
      }
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify",
      abstract:
        "Proves entries, balances, sums of rides and closed periods; exit 1 names what differs.",
      discussion: """
        With --from-taps also every signature of the journal, every tap against its signed batch, \
        and every fare, rated anew from nothing.
        """)

    @Flag(help: "Also prove every tap and every fare from the signed batches.")
    var fromTaps = false

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      let progress = Progress("Proving the books")
      let audit = try await Backbone.with(database) { backbone in
        let city = CityHolder()
        try await city.reload(from: backbone.store)
        let tokenKey = fromTaps ? try await backbone.tokenKey() : nil
        return try await LedgerAuditor(
          store: backbone.store, city: city.current, tokenKey: tokenKey,
          reporting: KeptReports(zone: city.current.clock.zone).make
        ).run(fromTaps ? .journal : .books) { progress.show($0) }
      }
      progress.end("done")
      var table = TextTable([("", .left), ("count", .right)])
      table.add(["entries proven", String(audit.entries)])
      table.add(["of them with a place in the chain", String(audit.seals)])
      table.add(["closed periods proven", String(audit.periods)])
      if fromTaps {
        table.add(["batches of the journal proven", String(audit.batches)])
        table.add(["of them that no signature covers yet", String(audit.batchesWithoutSignature)])
        table.add(["taps compared with their batches", String(audit.taps)])
        table.add(["riders rated anew", String(audit.riders)])
        table.add(["rides compared", String(audit.rides)])
        table.add(["stops that persons corrected", String(audit.correctedStops)])
        table.add(["rider-days that wait for a rating", String(audit.staleDays)])
      }
      table.add(["batches that wait for sorting", String(audit.unsortedBatches)])
      if audit.stampsUnchecked > 0 {
        table.add(["stamps of rows not checked", String(audit.stampsUnchecked)])
      }
      print(table.text)
      if audit.stampsUnchecked > 0 {
        Progress.say(
          "Whether rows were written by hand was not checked: the key is not here. Name the folder "
            + "of the service with --data.")
      }
      for accepted in audit.accepted { print("accepted: \(accepted)") }
      guard audit.isSound else {
        for finding in audit.findings { print("fault: \(finding)") }
        if audit.findingsLeftOut > 0 { print("and \(audit.findingsLeftOut) more") }
        throw CommandFault("The books do not agree.", exitCode: CommandFault.no)
      }
      print("everything agrees")
    }
  }
}

extension Day {
  /// Reads a date of the command line.
  static func argument(_ text: String) throws -> Day {
    guard let day = Day(text) else {
      throw ValidationError("\(text) is not a date; write it as 2026-11-22.")
    }
    return day
  }
}
