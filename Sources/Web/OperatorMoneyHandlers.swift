import Basics
import Charging
import Clearing
import HTTPTypes
import Store

/// What operators are paid, and what the city pays for concessions.
extension Handlers {
  /// Most payouts, or claims, in an answer.
  static let moneyListMax = 1000

  /// Answers what is about payouts, payment files and subsidy claims.
  func operatorMoneyAnswer(_ request: WebRequest) async throws -> Answer {
    switch request.endpoint {
    case .payouts: try await payouts(request)
    case .payoutPropose: try await payoutPropose(request)
    case .operatorAccounts: try await operatorAccounts(request)
    case .operatorAccount: try await operatorAccount(request)
    case .paymentFileMake: try await paymentFileMake(request)
    case .paymentFile: try await paymentFile(request)
    case .paymentFileConfirm: try await paymentFileConfirm(request)
    case .subsidyRates: try await subsidyRates()
    case .subsidyRateSet: try await subsidyRateSet(request)
    case .subsidyClaims: try await subsidyClaims()
    case .subsidyClaimMake: try await subsidyClaimMake(request)
    case .subsidyClaim: try await subsidyClaim(request)
    case .subsidyEvidence: try await subsidyEvidence(request)
    case .subsidyPaid: try await subsidyPaid(request)
    default: throw Problem.unhandled
    }
  }

  /// What operators are owed; an operator's own accountant sees that operator only.
  func operatorClaims(_ request: WebRequest) async throws -> Answer {
    let today = services.city.current.clock.zone.local(request.receivedAt).day
    let date = try request.queryDay("date") ?? today
    let scope = request.caller?.operatorID ?? request.queryText("operator")
    let rows = try await services.store.read { db in
      try await db.operatorMoney.claims(through: date, operatorID: scope)
    }
    return .json { writer in
      writer.objects(rows) { writer, row in
        writer.member("operator", row.operatorID)
        writer.member("currency", row.currency.code)
        writer.member("fares_minor", row.faresMinor)
        writer.member("shared_minor", row.sharedMinor)
        writer.member("subsidy_minor", row.subsidyMinor)
        writer.member("refunds_minor", row.refundsMinor)
        writer.member("other_minor", row.otherMinor)
        writer.member("paid_minor", row.paidMinor)
        writer.member("owed_minor", row.balanceMinor)
      }
    }
  }

  /// Payouts, the newest first; an operator's own accountant sees that operator's only.
  func payouts(_ request: WebRequest) async throws -> Answer {
    let scope = request.caller?.operatorID ?? request.queryText("operator")
    let rows = try await services.store.read { db in
      try await db.operatorMoney.payouts(of: scope, countMax: Self.moneyListMax)
    }
    return .json { writer in
      writer.objects(rows) { writer, row in
        writer.member("payout", row.id)
        writer.member("operator", row.operatorID)
        writer.member("amount_minor", row.minor)
        writer.member("currency", row.currency.code)
        writer.member("through", row.throughDate.description)
        writer.member("state", row.state)
        writer.member("order", row.orderID)
        if let account = row.account { writer.account(account) }
        if let message = row.messageID { writer.member("payment_file", message) }
      }
    }.cut(("payout", rows.count >= Self.moneyListMax))
  }

  /// Proposes to pay operators what they are owed; orders that another person decides.
  func payoutPropose(_ request: WebRequest) async throws -> Answer {
    var through: Day?
    try request.readObject { (reader: inout JSONReader, key: String) throws(JSONFault) in
      guard key == "through" else { return false }
      through = try reader.day()
      return true
    }
    let date = try Self.required(through, "through")
    let (orders, leftOut) = try await answering {
      try await services.payouts.propose(through: date, by: Self.label(request))
    }
    return .json(.created) { writer in
      writer.beginObject()
      writer.member("orders", objects: orders) { writer, order in
        writer.member("order", order.id)
        writer.member("operator", order.subject)
        writer.member("amount_minor", order.minor)
        writer.member("currency", order.currency.code)
        if let payee = order.payee { writer.account(payee) }
      }
      writer.key("left_out")
      writer.beginArray()
      for line in leftOut { writer.value(line) }
      writer.endArray()
      writer.endObject()
    }
  }

  /// Where operators want their money, and who wrote that down; an operator's own accountant sees that
  /// operator's only.
  func operatorAccounts(_ request: WebRequest) async throws -> Answer {
    let scope = request.caller?.operatorID ?? request.queryText("operator")
    let rows = try await services.payouts.accounts(of: scope)
    return .json { writer in
      writer.objects(rows) { writer, row in
        writer.member("operator", row.operatorID)
        writer.account(row.account)
        writer.member("changed_by", row.changedBy)
        writer.member("changed_at", row.changedAt.description)
      }
    }
  }

  /// Writes down where an operator wants its money.
  func operatorAccount(_ request: WebRequest) async throws -> Answer {
    let name = try request.parameter("id")
    let account = try Self.account(request).account
    try await answering {
      try await services.payouts.setAccount(account, of: name, by: Self.label(request))
    }
    return .json { writer in
      writer.beginObject()
      writer.member("operator", name)
      writer.member("iban", account.iban)
      writer.endObject()
    }
  }

  /// Puts the approved payouts of a currency into a payment file; the file itself is the answer.
  func paymentFileMake(_ request: WebRequest) async throws -> Answer {
    let asked = try Self.account(request, isPaying: true)
    let currency = try Self.required(asked.currency, "currency")
    let today = services.city.current.clock.zone.local(request.receivedAt).day
    let made = try await answering {
      do {
        return try await services.payouts.makeFile(
          currency: currency, from: asked.account, executionDay: asked.executionDay ?? today,
          by: Self.label(request))
      } catch let fault as PaymentFault {
        throw Problem(.unprocessableContent, "not_possible", "No payment file: \(fault).")
      }
    }
    guard let made else {
      throw Problem(
        .conflict, "nothing_approved", "No payout in \(currency.code) is approved.")
    }
    var answer = Self.xml(made.xml, .created)
    answer.headers[.location] = "/v1/payment-files/\(made.messageID)"
    return answer
  }

  /// A payment file as it was given out.
  func paymentFile(_ request: WebRequest) async throws -> Answer {
    let name = try request.parameter("id")
    let body = try await services.store.read { db in try await db.operatorMoney.message(name) }
    guard let body else { throw Problem.missing("payment file \(name)") }
    return Self.xml(body)
  }

  /// Writes down what the bank did with a payment file.
  func paymentFileConfirm(_ request: WebRequest) async throws -> Answer {
    let name = try request.parameter("id")
    var paid: Bool?
    try request.readObject { (reader: inout JSONReader, key: String) throws(JSONFault) in
      guard key == "paid" else { return false }
      paid = try reader.bool()
      return true
    }
    let isPaid = try Self.required(paid, "paid")
    let person = Self.label(request)
    let count = try await answering {
      try await services.payouts.confirm(name, isPaid: isPaid, by: person)
    }
    return .json { writer in
      writer.beginObject()
      writer.member("payouts", count)
      writer.member("state", isPaid ? "paid" : "returned")
      writer.endObject()
    }
  }

  func subsidyRates() async throws -> Answer {
    let rates = try await services.store.read { db in try await db.subsidies.rates() }
    return .json { writer in
      writer.objects(rates) { writer, rate in
        writer.member("category", rate.category)
        if let name = rate.operatorID { writer.member("operator", name) }
        writer.member("from", rate.from.description)
        if let last = rate.to { writer.member("to", last.description) }
        writer.member("currency", rate.currency.code)
        writer.member("ride_minor", rate.rideMinor)
      }
    }
  }

  func subsidyRateSet(_ request: WebRequest) async throws -> Answer {
    var (category, name, minor): (String?, String?, Int64?)
    var (first, last, currency): (Day?, Day?, Currency?)
    try request.readObject { (reader: inout JSONReader, key: String) throws(JSONFault) in
      switch key {
      case "category": category = try reader.string()
      case "operator": name = try reader.string()
      case "ride_minor": minor = try reader.int64()
      case "from": first = try reader.day()
      case "to": last = try reader.day()
      case "currency": currency = try reader.currency()
      default: return false
      }
      return true
    }
    let rate = ConcessionRate(
      category: try Self.required(category, "category"), operatorID: name,
      from: try Self.required(first, "from"), to: last,
      currency: try Self.required(currency, "currency"),
      rideMinor: try Self.required(minor, "ride_minor"))
    if let last, last < rate.from {
      throw Problem(.unprocessableContent, "not_possible", "The rate ends before it begins.")
    }
    try await answering { try await services.subsidies.set(rate, by: Self.label(request)) }
    return try await subsidyRates()
  }

  func subsidyClaims() async throws -> Answer {
    let claims = try await services.store.read { db in
      try await db.subsidies.claims(countMax: Self.moneyListMax)
    }
    return .json { writer in
      writer.objects(claims) { writer, claim in
        writer.claim(claim)
      }
    }.cut(("subsidy_claim", claims.count >= Self.moneyListMax))
  }

  /// Claims the concessions of some fare days from the city; another person decides.
  func subsidyClaimMake(_ request: WebRequest) async throws -> Answer {
    var (first, last, currency): (Day?, Day?, Currency?)
    try request.readObject { (reader: inout JSONReader, key: String) throws(JSONFault) in
      switch key {
      case "from": first = try reader.day()
      case "to": last = try reader.day()
      case "currency": currency = try reader.currency()
      default: return false
      }
      return true
    }
    let days = (try Self.required(first, "from"), try Self.required(last, "to"))
    let unit = try Self.required(currency, "currency")
    let (claim, lines) = try await answering {
      try await services.subsidies.propose(
        from: days.0, to: days.1, currency: unit, by: Self.label(request))
    }
    return Self.answer(claim, lines, .created)
  }

  func subsidyClaim(_ request: WebRequest) async throws -> Answer {
    let id = try number(request)
    let (found, lines) = try await services.store.read { db in
      (try await db.subsidies.find(id), try await db.subsidies.lines(id))
    }
    guard let claim = found else { throw Problem.missing("claim \(id)") }
    return Self.answer(claim, lines)
  }

  /// The rides of a claim with the taps that prove them, a page at a time.
  func subsidyEvidence(_ request: WebRequest) async throws -> Answer {
    let id = try number(request)
    let page = try request.queryInt("page", in: 0...100_000) ?? 0
    let rows = try await answering { try await services.subsidies.evidence(id, page: page) } ?? []
    var writer = CSVWriter()
    writer.row(SubsidyEvidence.columns)
    for row in rows { writer.row(row.cells) }
    return Answer(contentType: "text/csv; charset=utf-8", body: writer.bytes)
  }

  /// Writes down that the city paid a claim.
  func subsidyPaid(_ request: WebRequest) async throws -> Answer {
    let id = try number(request)
    let person = Self.label(request)
    try await answering { try await services.subsidies.confirm(id, by: person) }
    return try await subsidyClaim(request)
  }
}

extension Handlers {
  /// A member that a body needs.
  static func required<Value>(_ value: Value?, _ name: String) throws(Problem) -> Value {
    guard let value else {
      throw Problem(.badRequest, "malformed", "is missing", pointer: "/\(name)")
    }
    return value
  }

  private static func xml(_ text: String, _ status: HTTPResponse.Status = .ok) -> Answer {
    Answer(status, contentType: "application/xml", body: Array(text.utf8))
  }

  /// A bank account in a body; with what else a payment file needs.
  private static func account(
    _ request: WebRequest, isPaying: Bool = false
  ) throws -> (account: BankAccount, currency: Currency?, executionDay: Day?) {
    var (name, iban, bic): (String?, String?, String?)
    var (currency, day): (Currency?, Day?)
    try request.readObject { (reader: inout JSONReader, key: String) throws(JSONFault) in
      switch key {
      case "name": name = try reader.string()
      case "iban": iban = try reader.string()
      case "bic": bic = try reader.string()
      case "currency" where isPaying: currency = try reader.currency()
      case "execution_day" where isPaying: day = try reader.day()
      default: return false
      }
      return true
    }
    return (
      BankAccount(name: try required(name, "name"), iban: try required(iban, "iban"), bic: bic),
      currency, day
    )
  }

  private static func answer(
    _ claim: SubsidyClaimRow, _ lines: [SubsidyLine], _ status: HTTPResponse.Status = .ok
  ) -> Answer {
    .json(status) { writer in
      writer.beginObject()
      writer.claim(claim)
      writer.member("lines", objects: lines) { writer, line in
        writer.member("operator", line.operatorID)
        writer.member("category", line.category)
        writer.member("rides", line.rides)
        writer.member("amount_minor", line.minor)
      }
      writer.endObject()
    }
  }
}

extension JSONWriter {
  /// Where money goes: members of an object.
  mutating func account(_ account: BankAccount) {
    member("name", account.name)
    member("iban", account.iban)
    if let bic = account.bic { member("bic", bic) }
  }

  fileprivate mutating func claim(_ claim: SubsidyClaimRow) {
    member("claim", claim.id)
    member("from", claim.firstDay.description)
    member("to", claim.lastDay.description)
    member("currency", claim.currency.code)
    member("state", claim.state)
    if let order = claim.orderID { member("order", order) }
  }
}

extension JSONReader {
  /// A day such as `2026-11-22`.
  mutating func day() throws(JSONFault) -> Day {
    guard let day = Day(try string()) else { throw fault("is a day such as 2026-11-22") }
    return day
  }

  /// A currency by its code.
  fileprivate mutating func currency() throws(JSONFault) -> Currency {
    guard let currency = Currency(try string()) else {
      throw fault("is a currency of three capitals such as UAH")
    }
    return currency
  }
}
