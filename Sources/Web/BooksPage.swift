import Basics
import Charging
import Clearing
import HTTPTypes
import Insight
import Ledger
import Store

/// The page of the books: what waits for a second person, the months, and the trial balance.
extension Handlers {
  /// Most orders, and adjustments, on the page.
  private static let waitingShownMax = 100
  /// Most orders to rate anew that are named; all of them are counted.
  private static let linksShownMax = 20
  /// Most months: five years.
  private static let periodsShownMax = 60
  /// Signs of a root that are shown; all of them stand in the title.
  private static let rootShownMax = 12

  private struct Model {
    let orders: Listing<OrderRow>?
    let ordersNote: String?
    let ordersNext: String?
    let adjustments: Listing<AdjustmentModel>?
    let adjustmentsNote: String?
    let adjustmentsNext: String?
    let elsewhere: [ElsewhereRow]
    let next: NextModel?
    let periods: Listing<PeriodModel>?
    let periodsNote: String?
    let periodsNext: String?
    let date: String
    let day: String
    let balance: BalanceTable
  }

  private struct OrderRow {
    let number: Int64
    let what: String
    let whom: String
    /// Where the page is about whom it concerns; nil where there is none.
    let path: String?
    /// The account of stored value, or the one to which the money goes.
    let detail: String?
    let amount: String
    let reason: String
    let asked: String
    let isoTime: String
    let time: String
  }

  private struct AdjustmentModel {
    let number: Int64
    let facts: [Fact]
    let lines: [LineRow]
    let debit: String
    let credit: String
  }

  private struct LineRow {
    let account: String
    let debit: String
    let credit: String
  }

  /// What waits and is decided elsewhere.
  private struct ElsewhereRow {
    let label: String
    let count: String
    var links: [Fact] = []
    /// The command that shows it; nil where a page does.
    var command: String?
    /// What waits, where there is no page of its own.
    var names: [String] = []
  }

  private struct NextModel {
    let name: String
    let isOver: Bool
    /// What refuses the close; nobody looked before the month is over.
    let open: Listing<Fact>?
    let command: String
  }

  private struct PeriodModel {
    let name: String
    let state: String
    let closed: String
    /// Nil until it is closed.
    let root: String?
    let wholeRoot: String
  }

  func booksPage(_ request: WebRequest) async throws -> Answer {
    let people = self.people(request)
    let city = services.city.current
    let day = try request.queryDay("date") ?? city.clock.zone.local(request.receivedAt).day
    let (orders, adjustments, periods) = try await services.store.read { db in
      (
        try await db.orders.list(waitingOnly: true),
        try await db.adjustments.list(waitingOnly: true), try await db.periods.list()
      )
    }
    let (shownOrders, shownAdjustments) = try await waiting(request, orders, adjustments)
    let monthAfter = request.queryText("periods_after")
    let shownPeriods = periods.reversed().filter { period in
      monthAfter.map { period.name < $0 } ?? true
    }
    func next<Row>(
      _ rows: [Row], _ shownMax: Int, _ part: String, _ place: (Row) -> String
    ) -> String? {
      guard rows.count > shownMax else { return nil }
      let query = ["orders", "adjustments", "periods"].compactMap { other in
        // The places of the other lists stay.
        let after = other == part ? place(rows[shownMax - 1]) : request.queryText("\(other)_after")
        return after.map { "&\(other)_after=\(percentEncoded($0))" }
      }
      return "\(Endpoint.booksPage.path)?date=\(day)\(query.joined())#\(part)"
    }
    let closing = try await PeriodClosing(
      store: services.store, city: city, reporting: KeptReports(zone: city.clock.zone).make
    ).next(of: periods, at: request.receivedAt)
    let model = Model(
      orders: Listing(Array(shownOrders.prefix(Self.waitingShownMax))) { row($0, people) },
      ordersNote: Self.note(
        Self.waitingShownMax, of: orders.count, isCut: orders.isCut, people, on: request, "orders"),
      ordersNext: next(shownOrders, Self.waitingShownMax, "orders") { String($0.id) },
      adjustments: Listing(Array(shownAdjustments.prefix(Self.waitingShownMax))) {
        shown($0, people)
      },
      adjustmentsNote: Self.note(
        Self.waitingShownMax, of: adjustments.count, isCut: adjustments.isCut, people, on: request,
        "adjustments"),
      adjustmentsNext: next(shownAdjustments, Self.waitingShownMax, "adjustments") {
        String($0.number)
      },
      elsewhere: try await elsewhere(request, people),
      next: closing.map { Self.shown($0, people) },
      periods: Listing(Array(shownPeriods.prefix(Self.periodsShownMax))) {
        Self.row($0, people)
      },
      periodsNote: Self.note(
        Self.periodsShownMax, of: periods.count, isCut: false, people, on: request, "periods"),
      periodsNext: next(shownPeriods, Self.periodsShownMax, "periods") { $0.name },
      date: day.description, day: people.day(day),
      balance: try await balanceTable(through: day, people))
    let frame = PageFrame(request, titleName: "books_title", people: people)
    return pages.page("books", frame: frame, language: request.language, model)
  }

  /// The orders and the adjustments of the pages that are asked for, and more; without any, the first ones.
  private func waiting(
    _ request: WebRequest, _ orders: [MoneyOrderRow], _ adjustments: [AdjustmentRow]
  ) async throws -> ([MoneyOrderRow], [AdjustmentRow]) {
    let orderAfter = try Self.idAfter(request, "orders_after")
    let adjustmentAfter = try Self.idAfter(request, "adjustments_after")
    guard orderAfter != nil || adjustmentAfter != nil else { return (orders, adjustments) }
    return try await services.store.read { db in
      (
        try await db.orders.list(
          waitingOnly: true, after: orderAfter, limit: Self.waitingShownMax + 1),
        try await db.adjustments.list(waitingOnly: true, after: adjustmentAfter)
      )
    }
  }

  /// That a list shows the newest of more; nil where it shows all, and after its first page.
  private static func note(
    _ shownMax: Int, of count: Int, isCut: Bool, _ people: People, on request: WebRequest,
    _ part: String
  ) -> String? {
    guard count > shownMax || isCut, request.queryText("\(part)_after") == nil else { return nil }
    return "\(people.text("books_newest")) \(people.number(min(shownMax, count))); "
      + "\(people.text("books_in_all")) \(self.count(count, isCut: isCut, people))"
  }

  /// How many there are; `+` where as many were read as are read at most.
  private static func count(_ count: Int, isCut: Bool, _ people: People) -> String {
    people.number(count) + (isCut ? "+" : "")
  }

  private func row(_ order: MoneyOrderRow, _ people: People) -> OrderRow {
    let (whom, path, detail) = subject(of: order, people)
    return OrderRow(
      number: order.id, what: people.text("books_kind_\(order.kind.rawValue)"), whom: whom,
      path: path, detail: detail, amount: people.money(order.minor, order.currency),
      reason: [.payout, .subsidy].contains(order.kind) ? people.told(order.reason) : order.reason,
      asked: order.proposedBy, isoTime: order.proposedAt.description,
      time: people.moment(order.proposedAt))
  }

  /// Whom an order concerns, the page about it, and to which account the money goes.
  private func subject(
    of order: MoneyOrderRow, _ people: People
  ) -> (whom: String, path: String?, detail: String?) {
    func numbered(_ name: String) -> String { "\(people.text(name)) № \(order.subject)" }
    if let rider = order.rider {
      let hasAccount = order.subject != rider.description
      return (
        rider.description, "\(Endpoint.riderPage.path)?id=\(rider)",
        hasAccount ? numbered("books_account") : nil
      )
    }
    switch order.kind {
    case .payout:
      let payee = order.payee.map { account in
        [account.name, Self.grouped(account.iban), account.bic].compactMap { $0 }
          .joined(separator: ", ")
      }
      return (operatorName(of: order.subject), nil, payee)
    case .subsidy:
      let path = "\(Endpoint.subsidyPage.path)?claim=\(percentEncoded(order.subject))"
      return (numbered("claim"), path, nil)
    case .writeOff, .refund: return (numbered("books_window"), nil, nil)
    case .accountWriteOff, .accountCredit, .accountDebit:
      return (numbered("books_account"), nil, nil)
    }
  }

  private func shown(_ adjustment: AdjustmentRow, _ people: People) -> AdjustmentModel {
    let currency = adjustment.currency
    func side(_ minor: Int64) -> String { minor == 0 ? "" : people.amount(minor, currency) }
    let pays = adjustment.pays.map { "KVYTOK-\($0)" }.joined(separator: ", ")
    let facts: [(String, String?)] = [
      ("books_reason", adjustment.reason),
      ("books_asked", "\(adjustment.requestedBy), \(people.moment(adjustment.requestedAt))"),
      ("books_fare_day", adjustment.fareDay.map { people.day($0) }),
      ("books_pays", pays.isEmpty ? nil : pays),
    ]
    return AdjustmentModel(
      number: adjustment.number,
      facts: facts.compactMap { name, value in
        value.map { Fact(name: people.text(name), value: $0) }
      },
      lines: adjustment.postings.map { line in
        LineRow(
          account: accountName(line.account, of: line.operatorID, people),
          debit: side(line.debitMinor), credit: side(line.creditMinor))
      },
      debit: people.money(adjustment.postings.reduce(0) { $0 + $1.debitMinor }, currency),
      credit: people.money(adjustment.postings.reduce(0) { $0 + $1.creditMinor }, currency))
  }

  /// Orders to rate anew, corrected stops and changes of the past that wait for another person.
  private func elsewhere(
    _ request: WebRequest, _ people: People
  ) async throws -> [ElsewhereRow] {
    let orders = try await rerating.list(state: .requested)
    let stops = try await services.stopCorrections.list(state: .requested)
    let changes = try await services.pastChanges.waiting(at: request.receivedAt)
    return [
      ElsewhereRow(
        label: people.text("books_rating"),
        count: Self.count(
          orders.count, isCut: orders.count >= ReratingOrderTables.listMax, people),
        links: orders.prefix(Self.linksShownMax).map { order in
          Fact(
            name: "№ \(order.id)", value: "\(Endpoint.ratingPage.path)?order=\(order.id)#order")
        }),
      ElsewhereRow(
        label: people.text("books_stops"),
        count: Self.count(
          stops.count, isCut: stops.count >= StopCorrectionTables.pageMax, people),
        command: "kvytok taps corrections --state requested"),
      ElsewhereRow(
        label: people.text("books_changes"),
        count: Self.count(
          changes.count, isCut: changes.count >= PastChangeTables.listMax, people),
        command: "kvytok rate changes",
        names: changes.prefix(Self.linksShownMax).map { "№ \($0.id) \($0.shownText)" }),
    ]
  }

  private static func shown(_ next: NextClosing, _ people: People) -> NextModel {
    NextModel(
      name: next.period.name, isOver: next.isOver,
      open: Listing(next.openItems) { item in
        Fact(
          name: people.text("books_open_\(item.kind.rawValue)"),
          value: item.currency.flatMap { Currency($0) }.map { people.money(item.count, $0) }
            ?? people.number(item.count))
      },
      command: "kvytok ledger close \(next.period.name) --as FILE")
  }

  private static func row(_ period: PeriodRow, _ people: People) -> PeriodModel {
    let root = period.root.map { hexText($0) } ?? ""
    return PeriodModel(
      name: period.name, state: people.text("period_\(period.state.rawValue)"),
      closed: [period.closedAt.map { people.moment($0) }, period.closedBy].compactMap { $0 }
        .joined(separator: ", "),
      root: root.isEmpty ? nil : "\(root.prefix(rootShownMax))…", wholeRoot: root)
  }

  /// Approves or refuses an order about money, or an adjustment, as a form of the page asks.
  func booksAct(_ request: WebRequest) async throws -> Answer {
    let (fields, grant) = try await fieldsOfAct(request, like: .moneyOrderDecide)
    guard let act = fields["act"], ["approve", "refuse"].contains(act) else {
      throw Problem(.badRequest, "bad_form", "The form says not what is to be done.")
    }
    let isApproved = act == "approve"
    switch (try Self.number("order", fields), try Self.number("adjustment", fields)) {
    case (let order?, nil):
      _ = try await answering {
        try await services.orders.decide(order, isApproved: isApproved, by: grant.label)
      }
    case (nil, let adjustment?):
      guard grant.may(use: Endpoint.adjustmentDecide.access) else { throw Problem.forbidden }
      let reason = fields["reason"]?.trimmed ?? ""
      _ = try await decideAdjustment(
        adjustment, isApproved: isApproved, reason: reason.isEmpty ? nil : reason,
        by: grant.label, at: request.receivedAt)
    default:
      throw Problem(.badRequest, "bad_form", "The form needs an order or an adjustment.")
    }
    return Answer.redirect(to: Endpoint.booksPage.path)
  }

  private static func number(
    _ name: String, _ fields: [String: String]
  ) throws(Problem) -> Int64? {
    guard let text = fields[name] else { return nil }
    guard let number = Int64(text), number > 0 else {
      throw Problem(.badRequest, "bad_form", "A number is written in digits.")
    }
    return number
  }
}
