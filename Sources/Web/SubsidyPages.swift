import Basics
import Clearing
import HTTPTypes
import Store
import Tariff
import Transit

/// The page on which concessions are claimed from the city, looked into, and decided by a second person.
///
/// Each act carries the token of whoever does it, typed for that act: a browser in which the first
/// person is signed in decides nothing for the second, and no other site can send the form.
extension Handlers {
  /// Most rides of the evidence on a page; all of them are in the file.
  static let evidenceShownMax = 200
  /// Most claims in the list.
  private static let claimsShownMax = 100

  private struct Model {
    let from: String
    let to: String
    let currency: String
    let claims: Listing<ClaimRow>?
    let claim: ClaimModel?
  }

  private struct ClaimRow {
    let number: Int64
    let days: String
    let state: String
    let amount: String
    let proposedBy: String
    let decidedBy: String
    let isCurrent: Bool
  }

  /// One of the files that hold the evidence of a claim.
  private struct FileRow {
    let claim: Int64
    let index: Int
    /// Which lines; nil where there is one file.
    let span: String?
  }

  private struct ClaimModel {
    let number: Int64
    let heading: String
    let state: String
    let people: String
    let lines: Listing<LineRow>?
    let total: String
    let totalRides: String
    let files: [FileRow]
    let evidence: Listing<EvidenceRow>?
    let evidenceOf: String?
    let evidenceNote: String?
    let isWaiting: Bool
    let isApproved: Bool
    /// What the button says that writes it down as settled.
    let settle: String
  }

  private struct LineRow {
    let operatorName: String
    let category: String
    let rides: String
    let amount: String
    let query: String
  }

  private struct EvidenceRow {
    let isoTime: String
    let time: String
    let operatorName: String
    let category: String
    let route: String
    let riders: String
    let amount: String
    let tap: String
  }

  func subsidyPage(_ request: WebRequest) async throws -> Answer {
    let people = self.people(request)
    let number = try request.queryInt("claim", in: 1...Int.max).map(Int64.init)
    let (claims, orders) = try await services.store.read { db in
      let claims = try await db.subsidies.claims(countMax: Self.claimsShownMax)
      return (claims, try await db.orders.find(claims.compactMap(\.orderID)))
    }
    let today = services.city.current.fareDay(of: request.receivedAt)
    let (year, month, _) = today.adding(days: -today.civil.day).civil
    var claim: ClaimModel?
    if let number { claim = try await claimModel(number, request, people) }
    let model = Model(
      from: "\(padded(year, 4))-\(padded(month, 2))-01",
      to: today.adding(days: -today.civil.day).description,
      currency: claims.first?.currency.code ?? services.city.current.book?.versions.last?.currency
        .code ?? "",
      claims: Listing(claims) { claim in
        let order = claim.orderID.flatMap { orders[$0] }
        return ClaimRow(
          number: claim.id,
          days: "\(people.day(claim.firstDay)) – \(people.day(claim.lastDay))",
          state: people.text("claim_\(claim.state)"),
          amount: order.map { people.money($0.minor, claim.currency) } ?? "–",
          proposedBy: order?.proposedBy ?? "–", decidedBy: order?.decidedBy ?? "–",
          isCurrent: claim.id == number)
      },
      claim: claim)
    let frame = PageFrame(request, titleName: "subsidy_title", people: people)
    return pages.page("subsidies", frame: frame, language: request.language, model)
  }

  private func claimModel(
    _ number: Int64, _ request: WebRequest, _ people: People
  ) async throws -> ClaimModel {
    let (operatorID, category) = (request.queryText("operator"), request.queryText("category"))
    let (found, order, lines, count, evidence) = try await services.store.read { db in
      let claim = try await db.subsidies.find(number)
      return (
        claim, try await db.orders.find([claim?.orderID].compactMap { $0 }).values.first,
        try await db.subsidies.lines(number),
        try await db.subsidies.evidenceCount(number),
        try await db.subsidies.evidence(
          number, of: operatorID, category: category, offset: 0,
          countMax: Self.evidenceShownMax)
      )
    }
    guard let claim = found else { throw Problem.missing("claim \(number)") }
    let decided = order.flatMap { order in
      order.decidedBy.map { ", \(people.text("claim_decided_by")) \($0)" }
    }
    let minor = lines.reduce(0) { $0 + $1.minor }
    return ClaimModel(
      number: number,
      heading: "№ \(number), \(people.day(claim.firstDay)) – \(people.day(claim.lastDay))",
      state: people.text("claim_\(claim.state)"),
      people: "\(people.text("claim_proposed_by")) \(order?.proposedBy ?? "–")" + (decided ?? ""),
      lines: Listing(lines) { line in
        LineRow(
          operatorName: operatorName(of: line.operatorID),
          category: title(of: line.category, people),
          rides: people.number(line.rides), amount: people.amount(line.minor, claim.currency),
          query: "claim=\(number)&operator=\(percentEncoded(line.operatorID))"
            + "&category=\(percentEncoded(line.category))")
      },
      total: people.money(minor, claim.currency),
      totalRides: people.number(lines.reduce(0) { $0 + $1.rides }),
      files: Self.files(of: number, count: count, people),
      evidence: Listing(evidence) { self.row($0, claim, people) },
      evidenceOf: Self.nonEmpty(
        [operatorID.map { operatorName(of: $0) }, category.map { title(of: $0, people) }]
          .compactMap { $0 }.joined(separator: ", ")),
      evidenceNote: evidence.count < Self.evidenceShownMax
        ? nil : people.text("evidence_first") + " \(Self.evidenceShownMax)",
      isWaiting: claim.state == "awaiting", isApproved: claim.state == "approved",
      settle: people.text(minor < 0 ? "claim_mark_given_back" : "claim_mark_paid"))
  }

  /// A claim of a month has more rides than one answer takes.
  private static func files(of claim: Int64, count: Int64, _ people: People) -> [FileRow] {
    let size = Int64(SubsidyDesk.evidencePerPage)
    return (0..<max(1, (count + size - 1) / size)).map { page in
      let span = "\(people.number(page * size + 1))–\(people.number(min(count, (page + 1) * size)))"
      return FileRow(claim: claim, index: Int(page), span: count > size ? span : nil)
    }
  }

  private static func nonEmpty(_ text: String) -> String? { text.isEmpty ? nil : text }

  /// What people call a category, by the newest version that has it.
  private func title(of category: String, _ people: People) -> String {
    let versions = services.city.current.book?.versions.reversed() ?? []
    return versions.lazy.compactMap { $0.title(ofCategory: category) }.first?[people.language]
      ?? category
  }

  private func row(
    _ ride: SubsidyEvidence, _ claim: SubsidyClaimRow, _ people: People
  ) -> EvidenceRow {
    let network = services.city.current.network
    let route = ride.route.map { network.routeName(of: $0) }
    return EvidenceRow(
      isoTime: ride.startedAt.description, time: people.moment(ride.startedAt),
      operatorName: operatorName(of: ride.operatorID), category: title(of: ride.category, people),
      route: route ?? "–",
      riders: people.number(ride.riders), amount: people.amount(ride.minor, claim.currency),
      tap: "\(ride.tap.device) / \(ride.tap.epoch) / \(ride.tap.seq)")
  }

  /// Proposes, decides or pays a claim, as a form of the page asks.
  func subsidyAct(_ request: WebRequest) async throws -> Answer {
    let (fields, grant) = try await fieldsOfAct(request, like: .subsidyClaimMake)
    let claim =
      switch fields["act"] {
      case "propose": try await propose(fields, by: grant.label)
      case "approve", "refuse":
        try await decide(fields, isApproved: fields["act"] == "approve", by: grant.label)
      case "paid": try await pay(fields, by: grant.label)
      default: throw Problem(.badRequest, "bad_form", "The form says not what is to be done.")
      }
    return Answer.redirect(to: "\(Endpoint.subsidyPage.path)?claim=\(claim)")
  }

  private func propose(_ fields: [String: String], by person: String) async throws -> Int64 {
    guard let from = fields["from"].flatMap({ Day($0) }),
      let to = fields["to"].flatMap({ Day($0) }),
      let currency = fields["currency"].flatMap({ Currency($0.trimmed) })
    else {
      throw Problem(.badRequest, "bad_form", "The form needs two days and a currency.")
    }
    return try await answering {
      try await services.subsidies.propose(from: from, to: to, currency: currency, by: person)
    }.claim.id
  }

  private func decide(
    _ fields: [String: String], isApproved: Bool, by person: String
  ) async throws -> Int64 {
    let number = try Self.claimNumber(fields)
    let claim = try await services.store.read { db in try await db.subsidies.find(number) }
    guard let order = claim?.orderID else { throw Problem.missing("claim \(number)") }
    _ = try await answering {
      try await services.subsidies.decide(order, isApproved: isApproved, by: person)
    }
    return number
  }

  private func pay(_ fields: [String: String], by person: String) async throws -> Int64 {
    let number = try Self.claimNumber(fields)
    try await answering { try await services.subsidies.confirm(number, by: person) }
    return number
  }

  private static func claimNumber(_ fields: [String: String]) throws(Problem) -> Int64 {
    guard let number = fields["claim"].flatMap({ Int64($0) }), number > 0 else {
      throw Problem(.badRequest, "bad_form", "The form needs the number of a claim.")
    }
    return number
  }
}
