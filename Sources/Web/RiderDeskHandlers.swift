import Basics
import Clearing
import HTTPTypes
import Store
import Tapping
import Transit
import Wallet

/// Riders at the desk: media, proofs, merging, erasing.
extension Handlers {
  private var riderDesk: RiderDesk {
    RiderDesk(store: services.store, city: services.city, tokenKey: services.tokenKey)
  }

  /// Who asks, why, and when.
  func act(_ request: WebRequest, _ reason: String?) throws(Problem) -> RiderAct {
    let reason = reason ?? ""
    guard reason.utf8.count <= RiderAct.textBytesMax else {
      throw Problem(
        .badRequest, "reason_too_long", "A reason has \(RiderAct.textBytesMax) bytes at most.",
        pointer: "/reason")
    }
    guard !CardNumber.isHidden(in: reason) else {
      throw Problem(
        .unprocessableContent, "card_number", "The number of a bank card is never written down.",
        pointer: "/reason")
    }
    return RiderAct(
      actor: request.caller?.label ?? "nobody", reason: reason, at: request.receivedAt)
  }

  /// The rider of the path; one that is not there is a problem.
  func requireRider(_ request: WebRequest) async throws -> RiderID {
    guard let rider = try await namedRider(request, id: try request.parameter("id")) else {
      throw RiderRefusal.unknownRider
    }
    return rider
  }

  func riderRegister(_ request: WebRequest) async throws -> Answer {
    let body = try RiderBody(request)
    let rider = try await riderDesk.register(
      try body.requireKind(), token: try body.requireToken(), to: nil, validTo: body.validTo,
      by: try act(request, body.reason))
    return .json(.created) { writer in
      writer.beginObject()
      writer.member("rider", rider.description)
      writer.endObject()
    }
  }

  func riderShow(_ request: WebRequest) async throws -> Answer {
    let rider = try await requireRider(request)
    guard let profile = try await riderDesk.profile(of: rider, at: request.receivedAt) else {
      throw RiderRefusal.unknownRider
    }
    if profile.rider.erasedAt != nil, request.caller?.role == .rider { throw RiderRefusal.erased }
    // What staff wrote down is not for the rider's own screen.
    let isOwn = request.caller?.role == .rider
    return .json { writer in writer.profile(profile, withEvents: !isOwn) }
  }

  /// A further medium of a rider, or the payment account of one that is there.
  func riderMedia(_ request: WebRequest) async throws -> Answer {
    let body = try RiderBody(request)
    let rider = try await requireRider(request)
    let act = try act(request, body.reason)
    var owner = rider
    if let token = body.token {
      owner = try await riderDesk.register(
        try body.requireKind(), token: token, to: rider, validTo: body.validTo, by: act)
    }
    if let reference = body.accountReference {
      let medium = try body.token.map { token in
        services.tokenKey.mediumID(kind: try body.requireKind(), token: token)
      }
      guard let medium = medium ?? body.mediumID else {
        throw RiderRefusal.missing("The medium of the payment account")
      }
      let outcome = try await services.pastChanges.change(
        .link(
          medium, accountDigest: try riderDesk.accountDigest(reference), reason: act.reason),
        by: try Self.bearer(request), at: act.at
      ) { gate in
        try await riderDesk.link(medium, accountReference: reference, through: gate, by: act)
      }
      switch outcome {
      case .waits(let row): return Self.waits(row)
      case .done(let found): owner = found
      }
    } else if body.token == nil {
      throw RiderRefusal.missing("The token or the account reference")
    }
    return try await shown(owner, request)
  }

  func riderReplace(_ request: WebRequest) async throws -> Answer {
    let body = try RiderBody(request)
    let rider = try await requireRider(request)
    guard let old = body.mediumID else { throw RiderRefusal.missing("The medium to be replaced") }
    guard let profile = try await riderDesk.profile(of: rider, at: request.receivedAt),
      profile.media.contains(where: { $0.medium == old })
    else { throw RiderRefusal.unknownMedium }
    return try await shown(
      try await riderDesk.replace(
        old, by: try body.requireKind(), token: try body.requireToken(),
        try act(request, body.reason)), request)
  }

  func riderBlock(_ request: WebRequest) async throws -> Answer {
    let body = try RiderBody(request)
    let rider = try await requireRider(request)
    _ = try await riderDesk.setBlocked(
      request.endpoint == .riderBlock, rider: rider, medium: body.mediumID,
      by: try act(request, body.reason))
    return try await shown(rider, request)
  }

  func riderProof(_ request: WebRequest) async throws -> Answer {
    let body = try RiderBody(request)
    let rider = try await requireRider(request)
    guard let category = body.category, (1...64).contains(category.utf8.count) else {
      throw RiderRefusal.missing("The category")
    }
    guard let from = body.validFrom else { throw RiderRefusal.missing("valid_from") }
    let days = ProvenDays(category: category, first: from, last: body.validTo)
    let act = try act(request, body.reason)
    let outcome = try await services.pastChanges.change(
      .proof(
        days, kind: body.proofKind, number: body.proofNumber, isReplacing: body.isReplacing,
        of: rider, reason: act.reason, at: riderDesk),
      by: try Self.bearer(request), at: act.at
    ) { gate in
      try await riderDesk.addProof(
        days, kind: body.proofKind, number: body.proofNumber, note: nil, of: rider,
        isReplacing: body.isReplacing, through: gate, by: act)
    }
    return Self.rated(outcome, of: rider, status: .created)
  }

  /// How many days of a rider are rated anew, or that it takes another person.
  private static func rated(
    _ outcome: PastOutcome<Int>, of rider: RiderID, status: HTTPResponse.Status
  ) -> Answer {
    switch outcome {
    case .waits(let row): waits(row)
    case .done(let stale):
      .json(status) { writer in
        writer.beginObject()
        writer.member("rider", rider.description)
        writer.member("rider_days_to_rate_anew", stale)
        writer.endObject()
      }
    }
  }

  func riderProofWithdraw(_ request: WebRequest) async throws -> Answer {
    let body = try RiderBody(request)
    let rider = try await requireRider(request)
    guard let category = body.category else { throw RiderRefusal.missing("The category") }
    guard let from = body.validFrom else { throw RiderRefusal.missing("valid_from") }
    let act = try act(request, body.reason)
    let outcome = try await services.pastChanges.change(
      .withdrawal(of: category, from: from, rider: rider, reason: act.reason),
      by: try Self.bearer(request), at: act.at
    ) { gate in
      try await riderDesk.withdrawProof(
        of: category, from: from, rider: rider, through: gate, by: act)
    }
    return Self.rated(outcome, of: rider, status: .ok)
  }

  func riderMerge(_ request: WebRequest) async throws -> Answer {
    let body = try RiderBody(request)
    let rider = try await requireRider(request)
    guard let into = body.into else { throw RiderRefusal.missing("The rider to merge into") }
    let act = try act(request, body.reason)
    let outcome = try await services.pastChanges.change(
      .merge(rider, into: into, reason: act.reason), by: try Self.bearer(request), at: act.at
    ) { gate in
      try await riderDesk.merge(rider, into: into, through: gate, by: act)
    }
    switch outcome {
    case .waits(let row): return Self.waits(row)
    case .done(let taps):
      return .json { writer in
        writer.beginObject()
        writer.member("rider", into.description)
        writer.member("taps_moved", taps)
        writer.endObject()
      }
    }
  }

  func riderErase(_ request: WebRequest) async throws -> Answer {
    let body = try RiderBody(request)
    let rider = try await requireRider(request)
    let nobody = try await riderDesk.erase(
      rider, forfeiting: body.isForfeiting, by: try act(request, body.reason),
      randomBytes: services.randomBytes)
    return .json { writer in
      writer.beginObject()
      writer.member("now_nobody", nobody.description)
      writer.endObject()
    }
  }

  func proofsExpiring(_ request: WebRequest) async throws -> Answer {
    let days = try request.queryInt("days", in: 0...3660) ?? 30
    let proofs = try await riderDesk.expiringProofs(within: days, at: request.receivedAt)
    return .json { writer in
      writer.beginObject()
      writer.key("entitlements")
      writer.beginArray()
      for proof in proofs { writer.proof(proof, withRider: true) }
      writer.endArray()
      writer.endObject()
    }
  }

  private func shown(_ rider: RiderID, _ request: WebRequest) async throws -> Answer {
    guard let profile = try await riderDesk.profile(of: rider, at: request.receivedAt) else {
      throw RiderRefusal.unknownRider
    }
    return .json { writer in writer.profile(profile, withEvents: true) }
  }
}

/// What the body of a rider's endpoint may say; what an endpoint does not ask for is refused by it.
struct RiderBody {
  var kind: MediumKind?
  var token: [UInt8]?
  var mediumID: MediumID?
  var accountReference: String?
  var category: String?
  var validFrom: Day?
  var validTo: Day?
  var proofKind: String?
  var proofNumber: String?
  var isReplacing = false
  var isForfeiting = false
  var into: RiderID?
  var reason: String?

  /// Longest token of a medium in bytes.
  static let tokenBytesMax = 64
  /// Longest text of a proof in bytes.
  static let textBytesMax = 128

  /// Reads the body; a token that is a card number is refused at the door.
  init(_ request: WebRequest) throws(Problem) {
    var body = RiderBody()
    try request.readObject { reader, key throws(JSONFault) in
      try body.take(key, &reader, of: request.endpoint)
    }
    self = body
  }

  private init() {}

  private mutating func take(
    _ key: String, _ reader: inout JSONReader, of endpoint: Endpoint
  ) throws(JSONFault) -> Bool {
    guard key == "reason" || (Self.members[endpoint] ?? []).contains(key) else { return false }
    switch key {
    case "reason": reason = try reader.stringOrNil()
    case "medium": kind = try Self.word(&reader, "card, bank, phone or qr", MediumKind.init)
    case "token": token = try Self.token(&reader)
    case "medium_id": mediumID = try Self.word(&reader, "a UUID") { MediumID($0) }
    case "account_reference": accountReference = try reader.stringOrNil()
    case "category": category = try reader.string()
    case "valid_from": validFrom = try Self.word(&reader, "a date as 2026-11-22") { Day($0) }
    case "valid_to": validTo = try Self.word(&reader, "a date as 2026-11-22") { Day($0) }
    case "proof_kind": proofKind = try Self.text(&reader)
    case "proof_number": proofNumber = try Self.text(&reader)
    case "replaces": isReplacing = try reader.bool()
    case "forfeit": isForfeiting = try reader.bool()
    case "into": into = try Self.word(&reader, "a UUID") { RiderID($0) }
    default: return false
    }
    return true
  }

  /// Members that each endpoint knows, beside the reason.
  private static let members: [Endpoint: Set<String>] = [
    .riderRegister: ["medium", "token", "valid_to"],
    .riderMedia: ["medium", "token", "valid_to", "medium_id", "account_reference"],
    .riderReplace: ["medium_id", "medium", "token"],
    .riderErase: ["forfeit"],
    .riderBlock: ["medium_id"], .riderUnblock: ["medium_id"],
    .riderProof: [
      "category", "valid_from", "valid_to", "proof_kind", "proof_number", "replaces",
    ],
    .riderProofWithdraw: ["category", "valid_from"],
    .riderMerge: ["into"],
  ]

  private static func word<Value>(
    _ reader: inout JSONReader, _ expected: String, _ make: (String) -> Value?
  ) throws(JSONFault) -> Value? {
    guard let text = try reader.stringOrNil() else { return nil }
    guard let value = make(text) else { throw reader.fault("\(text) is not \(expected)") }
    return value
  }

  private static func text(_ reader: inout JSONReader) throws(JSONFault) -> String? {
    guard let text = try reader.stringOrNil() else { return nil }
    guard (1...textBytesMax).contains(text.utf8.count) else {
      throw reader.fault("a text here has 1 to \(textBytesMax) bytes")
    }
    return text
  }

  private static func token(_ reader: inout JSONReader) throws(JSONFault) -> [UInt8] {
    let text = try reader.string()
    guard let token = Base64.decode(text, .url), (1...tokenBytesMax).contains(token.count) else {
      throw reader.fault("a token is base64url of 1 to \(tokenBytesMax) bytes")
    }
    // The medium may stand behind it: it is searched as a bank card's.
    guard !token.withUnsafeBytes({ CardNumber.isHeld(by: $0, isOfBank: true) }) else {
      throw reader.fault("a token is never a card number")
    }
    return token
  }

  func requireKind() throws(RiderRefusal) -> MediumKind {
    guard let kind else { throw .missing("The medium (card, bank, phone or qr)") }
    return kind
  }

  func requireToken() throws(RiderRefusal) -> [UInt8] {
    guard let token else { throw .missing("The token") }
    return token
  }
}

extension JSONWriter {
  /// A rider with everything that is kept of them.
  mutating func profile(_ profile: RiderProfile, withEvents: Bool) {
    beginObject()
    member("rider", profile.rider.rider.description)
    member("first_seen_at", profile.rider.firstSeenAt.description)
    member("erased_at", orNull: profile.rider.erasedAt?.description)
    key("media")
    beginArray()
    for medium in profile.media {
      beginObject()
      member("medium_id", medium.medium.description)
      member("medium", medium.kind.rawValue)
      member("state", medium.state.rawValue)
      member("replaced_by", orNull: medium.replacedBy?.description)
      member("account_known", medium.hasAccountReference)
      member("valid_to", orNull: medium.validTo?.description)
      key("denied_for")
      beginArray()
      for denial in medium.denials { value(denial.rawValue) }
      endArray()
      endObject()
    }
    endArray()
    key("entitlements")
    beginArray()
    for proof in profile.proofs { self.proof(proof, withRider: false) }
    endArray()
    key("accounts")
    beginArray()
    for (account, debt) in profile.accounts {
      beginObject()
      member("currency", account.currency.code)
      member("balance_minor", account.balanceMinor)
      member("debt_minor", debt)
      member("denied_since", orNull: account.deniedSince?.description)
      endObject()
    }
    endArray()
    key("products")
    beginArray()
    for product in profile.products { holding(product) }
    endArray()
    if withEvents { events(profile.events) }
    endObject()
  }

  private mutating func events(_ events: [RiderEventRow]) {
    key("events")
    beginArray()
    for event in events {
      beginObject()
      member("at", event.at.description)
      member("by", event.actor)
      member("what", event.kind)
      member("why", event.reason)
      member("detail", event.detail)
      member("former_rider", orNull: event.formerRider?.description)
      endObject()
    }
    endArray()
  }

  /// A proof of a category; the paper's number is never shown, for it is not kept.
  mutating func proof(_ proof: ProofRow, withRider: Bool) {
    beginObject()
    if withRider { member("rider", proof.rider.description) }
    member("category", proof.days.category)
    member("valid_from", proof.days.first.description)
    member("valid_to", orNull: proof.days.last?.description)
    member("proof_kind", orNull: proof.kind)
    endObject()
  }
}
