package import Basics
package import Ledger
package import Store

/// What became of a period that was to be closed.
package enum ClosingOutcome: Sendable {
  /// It is closed for ever; what was left open, by order.
  case closed(PeriodProof, openItems: [OpenItem])
  /// It was closed before.
  case alreadyClosed(PeriodRow)
  /// It is not over, or does not exist, or an earlier one is not closed: a sentence.
  case refused(String)
  /// Something is still open, and no order was given to close all the same.
  case open([OpenItem])
  /// The books do not prove; the period takes entries again.
  case unsound([String])
}

/// The month that is closed next.
package struct NextClosing: Sendable {
  package let period: PeriodRow
  /// Whether its last day is over: before that nobody closes it.
  package let isOver: Bool
  /// What refuses the close unless an order says to leave it open.
  package var openItems: [OpenItem] = []
}

/// Closes a month of the books in two steps: it takes no more entries, then it is proven and kept.
///
/// Workers may run meanwhile. A transaction that books in the month holds its row until it ends, so
/// closing begins after it; one that comes later books in the next open month and names the fare day.
/// A process that dies between the steps leaves the month closing; the same call goes on from there.
package struct PeriodClosing: Sendable {
  /// Most digests of rows that are given to a month in one statement.
  package static let digestsPerPieceMax = 50_000

  private let store: Store
  private let city: City
  private let reporting: PeriodReporting

  /// Makes the use case; `reporting` makes the reports that are kept of the period.
  package init(store: Store, city: City, reporting: @escaping PeriodReporting) {
    self.store = store
    self.city = city
    self.reporting = reporting
  }

  /// What is still open at the end of a period.
  package func openItems(
    of period: AccountingPeriod, patience: StorePatience = .long
  ) async throws -> [OpenItem] {
    let end = city.clock.zone.instant(
      of: LocalTime(day: period.last.adding(days: 1), secondOfDay: 0))
    return try await store.read(patience: patience) { db in
      try await db.periods.openItems(of: period, end: end)
    }
  }

  /// Of months in their order, the one that is closed next, and what stands in its way; nil when all are
  /// closed.
  ///
  /// One before a closed month needs no close, and has none. Nobody counts what is open before the month is
  /// over.
  package func next(of rows: [PeriodRow], at now: Instant) async throws -> NextClosing? {
    guard let row = rows.reversed().prefix(while: { $0.state != .closed }).last,
      let month = AccountingPeriod(name: row.name)
    else { return nil }
    guard isOver(month, at: now) else { return NextClosing(period: row, isOver: false) }
    return NextClosing(
      period: row, isOver: true, openItems: try await openItems(of: month, patience: .short))
  }

  private func isOver(_ month: AccountingPeriod, at now: Instant) -> Bool {
    month.last < city.clock.zone.local(now).day
  }

  /// Closes a month by its name; with an order also when something is still open, which is kept.
  package func close(
    _ name: String, by person: String, isOpenAllowed: Bool = false, at now: Instant
  ) async throws -> ClosingOutcome {
    guard let month = AccountingPeriod(name: name) else {
      return .refused("\(name) is no month; write it as 2026-11.")
    }
    guard isOver(month, at: now) else {
      return .refused(
        "\(name) is not over before \(month.last.adding(days: 1)); today is "
          + "\(city.clock.zone.local(now).day).")
    }
    let hindrance = try await store.read(patience: .long) { db in
      try await Self.hindrance(to: month, in: db)
    }
    if let hindrance { return hindrance }
    let items = try await openItems(of: month)
    guard items.isEmpty || isOpenAllowed else { return .open(items) }
    switch try await begin(month, by: person, at: now) {
    case .hindered(let outcome): return outcome
    case .begun(let closing): return try await prove(closing, by: person, items: items, at: now)
    }
  }

  /// Why a month cannot be closed now: months are closed in their order, one after the other.
  private static func hindrance(
    to month: AccountingPeriod, in db: StoreSession
  ) async throws -> ClosingOutcome? {
    let rows = try await db.periods.list()
    if let row = rows.first(where: { $0.name == month.name }), row.state == .closed {
      return .alreadyClosed(row)
    }
    if let later = rows.first(where: { $0.first > month.last && $0.state != .open }) {
      let state = later.state == .closed ? "is closed already" : "is being closed"
      return .refused("\(later.name) comes after \(month.name) and \(state).")
    }
    if let earlier = rows.first(where: { $0.last < month.first && $0.state == .closing }) {
      return .refused("\(earlier.name) is being closed; close it first.")
    }
    if let day = try await db.periods.firstDayNotClosed(before: month.first) {
      return .refused("Something is booked on \(day), whose month is not closed; close it first.")
    }
    return nil
  }

  /// A closing that began; it goes on for as long as nobody opens the month.
  private struct Closing: Sendable {
    let period: AccountingPeriod
    let beganAt: Instant
    /// Root of the month that was closed last; no other is closed before this one.
    let previousRoot: [UInt8]?

    /// Holds the month for this transaction alone; false when it is this closing's no more.
    func lock(in db: StoreSession) async throws -> Bool {
      try await db.periods.lockClosing(period.name) == beganAt
    }
  }

  private enum Beginning: Sendable {
    case begun(Closing)
    case hindered(ClosingOutcome)
  }

  /// The first step: from here on nothing is booked in the month, nor in one before it.
  private func begin(
    _ month: AccountingPeriod, by person: String, at now: Instant
  ) async throws -> Beginning {
    try await store.write(patience: .long) { db in
      try await db.periods.ensure(month)
      try await db.periods.lockAll(through: month)
      // Somebody may have booked or closed since it was asked, and cannot any more.
      if let hindrance = try await Self.hindrance(to: month, in: db) { return .hindered(hindrance) }
      let state = try await db.periods.lock(month.name) ?? .open
      guard var period = AccountingPeriod(name: month.name, state: state) else {
        return .hindered(.refused("\(month.name) is no month."))
      }
      if state == .open {
        try period.beginClosing()
        try await db.periods.move(month.name, to: .closing, by: person, at: now)
      }
      guard let beganAt = try await db.periods.lockClosing(month.name) else {
        throw StoreFault(kind: .damaged, "\(month.name) is closing since no moment")
      }
      let closed = try await db.periods.list().last {
        $0.state == .closed && $0.last < month.first
      }
      return .begun(Closing(period: period, beganAt: beganAt, previousRoot: closed?.root))
    }
  }

  /// The second step: the books are proven, the trees made, the month closed; or it opens again.
  private func prove(
    _ closing: Closing, by person: String, items: [OpenItem], at now: Instant
  ) async throws -> ClosingOutcome {
    let period = closing.period
    while try await store.write({ db in
      try await db.seals.sealNext(isComplete: true, at: now)
    }) > 0 {}
    var audit = LedgerAudit()
    try await LedgerAuditor(store: store, city: city, reporting: reporting).proveBooks(&audit)
    guard audit.isSound else {
      var opened = period
      try opened.reopen()
      let state = opened.state
      try await store.write { db in
        guard try await closing.lock(in: db) else { return }
        try await db.statements.unsettle(period)
        try await db.periods.move(period.name, to: state, by: person, at: now)
      }
      return .unsound(audit.findings)
    }
    while try await giveDigests(in: closing) == Self.digestsPerPieceMax {}
    // From here on what is written goes to the next month, as entries have since closing began.
    try await store.write(patience: .long) { db in
      // Who takes a statement holds the accounts before the month: so does this.
      try await db.statements.lockAllAccounts()
      guard try await closing.lock(in: db) else { return }
      try await db.statements.settle(period)
      while try await db.rowSeals.give(to: period.name, countMax: Self.digestsPerPieceMax) > 0 {}
    }
    let openItems = Self.json(items)
    let row = PeriodRow(
      name: period.name, first: period.first, last: period.last, state: .closed, closedAt: now,
      closedBy: person, openItems: openItems, previousRoot: closing.previousRoot, root: nil)
    let (balance, trees, reports) = try await store.read(patience: .long) {
      db -> (TrialBalance, [PeriodTreeRow], [PeriodReportRow]) in
      var trees: [PeriodTreeRow] = []
      for table in SealedTable.allCases {
        trees.append(try await db.periods.tree(table, of: period))
      }
      for table in MoneyTable.allCases {
        trees.append(try await db.periods.tree(table, of: period.name))
      }
      return (
        try await db.periods.trialBalance(of: period), trees, try await reporting(row, db)
      )
    }
    let proof = PeriodProof(
      period: period.name, previousRoot: closing.previousRoot ?? PeriodProof.first,
      trees: trees.map { $0.tree })
    return try await store.write { db in
      guard try await closing.lock(in: db),
        var period = AccountingPeriod(name: period.name, state: .closing)
      else {
        // What was proven may not be all that stands in the month by now.
        return .refused("\(period.name) was opened or closed by somebody else meanwhile.")
      }
      try period.close(balance)
      try await db.periods.close(
        proof, trees: trees, reports: reports, openItems: openItems, by: person, at: now)
      return .closed(proof, openItems: items)
    }
  }

  /// Gives the month a piece of the digests that were left until now; their number.
  ///
  /// Whoever books waits while the month is held, so that it is not held for all of a month's digests.
  private func giveDigests(in closing: Closing) async throws -> Int {
    try await store.write { db in
      guard try await closing.lock(in: db) else { return 0 }
      return try await db.rowSeals.give(
        to: closing.period.name, countMax: Self.digestsPerPieceMax)
    }
  }

  private static func json(_ items: [OpenItem]) -> String {
    var writer = JSONWriter()
    writer.beginArray()
    for item in items {
      writer.beginObject()
      writer.member("kind", item.kind.rawValue)
      writer.member("count", item.count)
      if let currency = item.currency { writer.member("currency", currency) }
      writer.endObject()
    }
    writer.endArray()
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
