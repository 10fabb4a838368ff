import Basics
import Clearing
import HTTPTypes
import Store
import Tariff

/// Orders to rate fare days anew, and where taps are on their way.
extension Handlers {
  /// Most fare days of a preview that is worked out inside the request; one that is ordered is worked out by
  /// the workers and takes longer periods.
  static let ratingPreviewDaysMax = 31

  var rerating: Rerating {
    Rerating(store: services.store, city: services.city.current)
  }

  private static func period(
    _ request: WebRequest, daysMax: Int
  ) throws -> ClosedRange<Day> {
    guard let from = try request.queryDay("from") else {
      throw Problem.badParameter("from", "it is missing; add ?from=2026-11-01&to=2026-11-07")
    }
    guard let to = try request.queryDay("to") else {
      throw Problem.badParameter("to", "it is missing; add ?from=2026-11-01&to=2026-11-07")
    }
    guard from <= to else { throw Problem.badParameter("to", "it lies before from") }
    guard to.number - from.number < daysMax else {
      throw Problem.badParameter("to", "at most \(daysMax) days at once")
    }
    return from...to
  }

  /// Answers about ratings and the orders of them.
  func ratingAnswer(_ request: WebRequest) async throws -> Answer {
    switch request.endpoint {
    case .ratingPreview: try await ratingPreview(request)
    case .ratingLook: try await ratingLook(request)
    case .ratingOrders: try await ratingOrders()
    case .ratingOrder: try await ratingOrder(request)
    case .ratingShow: try await ratingShow(request)
    case .ratingApprove: try await ratingApprove(request)
    case .ratingRefuse: try await ratingRefuse(request)
    default: throw Problem.unhandled
    }
  }

  func ratingPreview(_ request: WebRequest) async throws -> Answer {
    let period = try Handlers.period(request, daysMax: Handlers.ratingPreviewDaysMax)
    return try Handlers.answer(try await rerating.preview(period, within: .ofRequest))
  }

  func ratingLook(_ request: WebRequest) async throws -> Answer {
    let period = try Handlers.period(request, daysMax: Rerating.daysMax)
    return try Handlers.answer(
      try await rerating.look(
        period, by: try Handlers.bearer(request), at: request.receivedAt), status: .accepted)
  }

  func ratingOrder(_ request: WebRequest) async throws -> Answer {
    let period = try Handlers.period(request, daysMax: Rerating.daysMax)
    return try Handlers.answer(
      try await rerating.ask(
        period, by: try Handlers.bearer(request), at: request.receivedAt), status: .accepted)
  }

  func ratingShow(_ request: WebRequest) async throws -> Answer {
    let id = try Handlers.orderID(request)
    guard let order = try await rerating.find(id) else {
      throw Problem(.notFound, "unknown_order", "There is no order \(id).")
    }
    return .json { writer in writer.order(order, withPreview: true) }
  }

  func ratingApprove(_ request: WebRequest) async throws -> Answer {
    // The order may be of a network that another process imported.
    try await services.city.reload(from: services.store)
    return try Handlers.answer(
      try await rerating.approve(
        try Handlers.orderID(request), by: try Handlers.bearer(request), at: request.receivedAt))
  }

  /// Orders a tariff to be put in force whose versions may begin on days that have begun; or shows what
  /// that would change.
  func tariffOrder(_ source: TariffSource, _ request: WebRequest) async throws -> Answer {
    let person = try Handlers.bearer(request)
    try await services.city.reload(from: services.store)
    let rerating = rerating
    if try request.queryFlag("preview") {
      guard let days = try await rerating.pastDays(of: source, at: request.receivedAt) else {
        throw Problem(
          .conflict, "not_possible", "The tariff changes no day that has begun, or it has faults.")
      }
      if try request.queryFlag("later") {
        return try Handlers.answer(
          try await rerating.look(days, tariff: source, by: person, at: request.receivedAt),
          status: .accepted)
      }
      guard days.upperBound.number - days.lowerBound.number < Handlers.ratingPreviewDaysMax else {
        throw Problem(
          .unprocessableContent, "too_many_days",
          "The tariff changes all days from \(days.lowerBound) on; at most "
            + "\(Handlers.ratingPreviewDaysMax) days are shown at once. `?preview=true&later=true` has "
            + "more of them worked out; nothing is ordered by it.")
      }
      return try Handlers.answer(
        try await rerating.preview(days, tariff: source, within: .ofRequest))
    }
    switch try await rerating.publish(source, by: person, at: request.receivedAt) {
    case .plain(let outcome): return try await tell(outcome)
    case .refused(let why): throw Problem(.conflict, "order_refused", why)
    case .ordered(let order):
      return .json(.accepted) { writer in
        writer.beginObject()
        writer.key("order")
        writer.order(order)
        writer.endObject()
      }
    }
  }

  func ratingRefuse(_ request: WebRequest) async throws -> Answer {
    try Handlers.answer(
      try await rerating.refuse(
        try Handlers.orderID(request), by: try Handlers.bearer(request), at: request.receivedAt))
  }

  func ratingOrders() async throws -> Answer {
    let orders = try await rerating.list()
    return .json { writer in
      writer.beginObject()
      writer.key("orders")
      writer.beginArray()
      // Whoever approves sees what it changes.
      for order in orders { writer.order(order, withPreview: order.state == .requested) }
      writer.endArray()
      writer.endObject()
    }
  }

  /// The person who asks, by the token that they sent.
  static func bearer(_ request: WebRequest) throws(Problem) -> Person {
    guard let caller = request.caller, let header = request.headers[.authorization] else {
      throw .unknownCaller
    }
    let token = String(header.dropFirst("Bearer ".count)).trimmed
    return Person(label: caller.label, tokenDigest: AccessTokenText.digest(of: token))
  }

  /// The number of an order in the path.
  private static func orderID(_ request: WebRequest) throws -> Int64 {
    let text = try request.parameter("id")
    guard let id = Int64(text) else {
      throw Problem(.notFound, "unknown_order", "There is no order \(text.prefix(40)).")
    }
    return id
  }

  private static func answer(
    _ outcome: ReratingOutcome, status: HTTPResponse.Status = .ok
  ) throws(Problem) -> Answer {
    switch outcome {
    case .refused(let why): throw Problem(.conflict, "order_refused", why)
    case .ordered(let order): return .json(status) { writer in writer.order(order) }
    }
  }

  private static func answer(
    _ preview: Result<RatingPreview, ReratingRefusal>
  ) throws(Problem) -> Answer {
    switch preview {
    case .success(let preview): return .json(preview.json)
    case .failure(let refusal) where refusal.isTooMuch:
      throw Problem(
        .unprocessableContent, "too_many_rider_days",
        "\(refusal.description) That is POST /v1/rating/previews, or of a tariff "
          + "/v1/tariffs?preview=true&later=true.")
    case .failure(let refusal): throw Problem(.conflict, "not_possible", refusal.description)
    }
  }

  func tapStates() async throws -> Answer {
    let counts = try await services.store.read { db in try await db.tapStates.counts() }
    return .json { writer in
      writer.beginObject()
      writer.member("journalled", counts.journalled)
      writer.key("states")
      writer.beginObject()
      for state in TapState.allCases {
        writer.member(state.rawValue, counts.counts[state, default: 0])
      }
      writer.endObject()
      writer.member("missing", counts.missing)
      writer.member("conflicts", counts.conflicts)
      writer.endObject()
    }
  }

  func tapsStuck(_ request: WebRequest) async throws -> Answer {
    var states = TapState.allCases
    if let text = request.queryText("state") {
      guard let state = TapState(rawValue: text) else {
        throw Problem.badParameter(
          "state", "use one of \(states.map(\.rawValue).joined(separator: ", "))")
      }
      states = [state]
    }
    let after = try request.queryInt("after", in: 0...TapStateTables.skippedMax) ?? 0
    guard after == 0 || states.count == 1 else {
      throw Problem.badParameter("after", "it goes with `state`")
    }
    let asked = states
    let (now, city) = (request.receivedAt, services.city.current)
    let stuck = try await services.store.read { db in
      var stuck: [StuckTaps] = []
      for state in asked {
        stuck += try await db.tapStates.stuck(in: state, after: after, at: now, of: city)
      }
      return stuck
    }
    return .json { writer in
      writer.beginObject()
      writer.member("stuck", objects: stuck) { writer, taps in
        writer.member("state", taps.state.rawValue)
        writer.member("where", taps.place)
        writer.member("taps", taps.taps)
        writer.member("since", taps.since.description)
        writer.member("age_seconds", request.receivedAt.seconds - taps.since.seconds)
        writer.member("reason", taps.reason)
      }
      writer.key("cut")
      writer.beginArray()
      for state in stuck.cutStates { writer.value(state.rawValue) }
      writer.endArray()
      writer.endObject()
    }
  }
}

extension JSONWriter {
  mutating func order(_ order: ReratingOrder, withPreview isSeen: Bool = false) {
    beginObject()
    member("order", order.id)
    member("from", order.firstDay.description)
    member("to", order.lastDay.description)
    member("state", order.state.rawValue)
    member("needs_approval", order.needsApproval)
    member("change_minor", order.changeMinor)
    if let feedID = order.feedID { member("feed", feedID) }
    if let share = order.share { member(order.state == .marking ? "marked" : "previewed", share) }
    if let fault = order.fault { member("fault", fault) }
    member("requested_by", order.requestedBy.label)
    member("requested_at", order.requestedAt.description)
    if let person = order.decidedBy { member("decided_by", person.label) }
    if let moment = order.decidedAt { member("decided_at", moment.description) }
    if let days = order.staleDays { member("rider_days_to_rate_anew", days) }
    if isSeen {
      key("preview")
      raw(order.preview)
    }
    endObject()
  }
}
