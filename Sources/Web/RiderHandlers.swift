import Basics
import Charging
import Clearing
import HTTPTypes
import Insight
import Store
import Tapping
import Tariff
import Transit

/// A rider's rides with the reasons of their fares.
extension Handlers {
  /// Most fare days of one question.
  static let riderDaysMax = 366

  func riderRides(_ request: WebRequest) async throws -> Answer {
    let days = try riderDays(request)
    let rider = try await namedRider(request, id: try request.parameter("id"))
    guard let rider, let rides = try await services.insight.rides(of: rider, days: days) else {
      throw Problem(.notFound, "rider_unknown", "There is no such rider.")
    }
    let alone = try await services.unpairedTaps.taps(of: rides.rider, days: days)
    let told = try await services.riderCharges.told(of: rides.rider, days: days)
    return .json { writer in
      writer.rides(rides, alone, told.payments, told.charges, language: request.language)
    }
  }

  /// The days asked for: by default the last 31.
  private func riderDays(_ request: WebRequest) throws(Problem) -> ClosedRange<Day> {
    let today = services.city.current.fareDay(of: request.receivedAt)
    let last = try request.queryDay("to") ?? today
    let first = try request.queryDay("from") ?? last.adding(days: -30)
    guard first <= last, last.number - first.number < Handlers.riderDaysMax else {
      throw .badParameter(
        "from", "it lies after `to`, or more than \(Handlers.riderDaysMax) days before it")
    }
    return first...last
  }

  /// The rider that is asked for, when the caller may see them; nil when there is none.
  func namedRider(_ request: WebRequest, id: String) async throws -> RiderID? {
    if let caller = request.caller, caller.role == .rider {
      guard let own = caller.rider, RiderID(id) == own else { throw Problem.forbidden }
      return own
    }
    if id == "-" {
      return try await services.insight.rider(ofAny: try media(request))
    }
    guard RiderID(id) != nil else {
      throw Problem.badParameter(
        "id",
        "\(id) is no UUID of a rider or medium; to name one by its token write - and add ?token=…")
    }
    return try await services.insight.rider(named: id)
  }

  /// The media that a token of the query can be, of one kind or of all.
  private func media(_ request: WebRequest) throws(Problem) -> [MediumID] {
    let text = try request.requireQuery("token").trimmed
    guard let token = Base64.decode(text, .url), !token.isEmpty else {
      throw .badParameter("token", "it is not base64url, as validators send it")
    }
    guard let name = request.queryText("medium") else {
      return MediumKind.allCases.map { services.tokenKey.mediumID(kind: $0, token: token) }
    }
    guard let kind = MediumKind(rawValue: name) else {
      throw .badParameter("medium", "\(name) is none of card, bank, phone, qr")
    }
    return [services.tokenKey.mediumID(kind: kind, token: token)]
  }
}

extension JSONWriter {
  fileprivate mutating func rides(
    _ rides: RiderRides, _ alone: [TapWithoutRide], _ payments: [RiderPayment],
    _ charges: [RiderCharge], language: Language
  ) {
    beginObject()
    member("rider", rides.rider.description)
    member("from", rides.days.lowerBound.description)
    member("to", rides.days.upperBound.description)
    member("cut", rides.isCut)
    key("charged")
    beginArray()
    for money in rides.charged {
      beginObject()
      member("currency", money.currency.code)
      member("minor", money.minor)
      endObject()
    }
    endArray()
    key("rides")
    beginArray()
    for ride in rides.rides { self.ride(ride, language: language) }
    endArray()
    key("taps_without_ride")
    beginArray()
    for tap in alone { tapWithoutRide(tap, language: language) }
    endArray()
    member("waiting_days", objects: rides.waiting) { writer, day in
      writer.member("fare_day", day.fareDay.description)
      writer.member("since", day.since.description)
      writer.member("cause", day.cause.rawValue)
      writer.member("why", day.sentence(in: language))
    }
    member("payments", objects: payments) { writer, payment in
      writer.member("means", payment.means.rawValue)
      writer.member("currency", payment.amount.currency.code)
      writer.member("amount_minor", payment.amount.minor)
      writer.member("why", payment.sentence(in: language))
    }
    member("charges", objects: charges) { writer, charge in
      writer.charge(charge, language: language)
    }
    endObject()
  }

  /// What a fare day came to on a bank card, and what became of it.
  private mutating func charge(_ charge: RiderCharge, language: Language) {
    member("fare_day", charge.fareDay.description)
    member("state", charge.stateName)
    member("currency", charge.amount.currency.code)
    member("amount_minor", charge.amount.minor)
    if let row = charge.row {
      member("window", row.id)
      member("number", row.number)
      member("due_minor", row.window.dueMinor)
      member("captured_minor", row.window.capturedMinor)
      member("refunded_minor", row.window.refundedMinor)
      member("charged_back_minor", row.window.chargedBackMinor)
      if let moment = row.window.declinedAt { member("declined_at", moment.description) }
      if let code = row.window.declineCode { member("decline_code", code) }
    }
    member("refunds", objects: charge.refunds) { writer, refund in
      writer.member("refund", refund.id)
      writer.member("amount_minor", refund.minor)
      writer.member("state", refund.state.rawValue)
      writer.member("cause", refund.cause)
      writer.member("paid_back", refund.paidEntryID != nil)
    }
    member("why", charge.sentences(in: language).joined(separator: "; "))
  }

  private mutating func tapWithoutRide(_ alone: TapWithoutRide, language: Language) {
    beginObject()
    member("fare_day", alone.tap.fareDay.description)
    member("at", alone.tap.at.description)
    member("medium", alone.tap.mediumKind.rawValue)
    member("vehicle", orNull: alone.tap.vehicle)
    member("route", orNull: alone.tap.route)
    member("stop", orNull: alone.tap.stop)
    member("why", alone.sentence(in: language))
    member("reason", alone.reason?.rawValue ?? "no_tariff")
    tap(alone.tap.name)
    endObject()
  }

  private mutating func tap(_ name: TapName) {
    key("tap")
    beginObject()
    member("device", name.device)
    member("epoch", name.epoch)
    member("seq", name.seq)
    endObject()
  }

  private mutating func ride(_ ride: RiderRide, language: Language) {
    beginObject()
    member("fare_day", ride.fareDay.description)
    member("started_at", ride.startedAt.description)
    member("ended_at", orNull: ride.endedAt?.description)
    member("route", orNull: ride.route)
    member("route_name", orNull: ride.routeName)
    member("mode", orNull: ride.mode?.rawValue)
    member("operator", orNull: ride.operatorID)
    member("vehicle", orNull: ride.vehicle)
    member("direction", orNull: ride.direction)
    place("boarding", ride.boarding)
    place("alighting", ride.alighting)
    member("riders", ride.riders)
    member("category", ride.category)
    member("product", ride.product)
    member("medium", ride.medium.rawValue)
    member("currency", ride.currency.code)
    member("nominal_minor", orNull: ride.nominalMinor)
    member("charged_minor", orNull: ride.chargedMinor)
    member("tariff_version", ride.tariffVersion)
    member("deny_list_version", orNull: ride.denyListVersion)
    key("was_listed")
    if let wasListed = ride.wasListed { value(wasListed) } else { null() }
    member("why", ride.reason(in: language))
    key("reason")
    if let reason = ride.reason { raw(reason.json) } else { null() }
    member("corrections", objects: ride.corrections) { writer, correction in
      writer.member("end", correction.end.rawValue)
      writer.member("from", orNull: correction.fromName)
      writer.member("stop", correction.stop)
      writer.member("name", correction.name)
      writer.member("at", correction.at.description)
    }
    tap(ride.tap)
    endObject()
  }

  private mutating func place(_ name: String, _ place: RiderRide.Place?) {
    key(name)
    guard let place else {
      null()
      return
    }
    beginObject()
    member("stop", orNull: place.stop)
    member("name", orNull: place.name)
    member("source", place.source)
    if let confidence = place.confidence { member("confidence", confidence) }
    endObject()
  }
}
