import Basics
import Clearing
import HTTPTypes
import Store
import Tariff
import Transit

/// The page of orders to rate anew: how far each is, what it changes, and the decision of another person.
extension Handlers {
  /// Most orders in the list.
  private static let ordersShownMax = 100

  private struct Model {
    let order: OrderModel?
    let orders: Listing<OrderRow>?
  }

  private struct OrderRow {
    let number: Int64
    let days: String
    let basis: String
    let state: String
    let change: String
    let asked: String
    let decided: String
    let isCurrent: Bool
  }

  private struct OrderModel {
    let number: Int64
    let heading: String
    let facts: [Fact]
    /// What it changes is not known whole yet.
    let isUnfinished: Bool
    let operators: Listing<ChangeRow>?
    let largest: Listing<ChangeRow>?
    let mayApprove: Bool
    let mayRefuse: Bool
  }

  private struct ChangeRow {
    let name: String
    var isoDay = ""
    var reversed = ""
    var added = ""
    let before: String
    let after: String
    let difference: String
  }

  func ratingPage(_ request: WebRequest) async throws -> Answer {
    let people = self.people(request)
    let number = try request.queryInt("order", in: 1...Int.max).map(Int64.init)
    let orders = try await rerating.list()
    var order: OrderModel?
    if let number {
      guard let found = try await rerating.find(number) else {
        throw Problem.missing("order \(number)")
      }
      order = try model(of: found, people)
    }
    let model = Model(
      order: order,
      orders: Listing(Array(orders.prefix(Self.ordersShownMax))) { order in
        OrderRow(
          number: order.id, days: Self.days(of: order, people),
          basis: Self.basis(of: order, people), state: Self.state(of: order, people),
          change: change(of: order, people), asked: order.requestedBy.label,
          decided: order.decidedBy?.label ?? "–", isCurrent: order.id == number)
      })
    let frame = PageFrame(request, titleName: "rating_title", people: people)
    return pages.page("rating", frame: frame, language: request.language, model)
  }

  private func model(of order: ReratingOrder, _ people: People) throws -> OrderModel {
    let preview = try RatingPreview(kept: order.preview)
    return OrderModel(
      number: order.id, heading: "№ \(order.id), \(Self.days(of: order, people))",
      facts: facts(of: order, preview, people).map {
        Fact(name: people.text($0.name), value: $0.value)
      },
      isUnfinished: [.previewing, .looking].contains(order.state),
      operators: Listing(preview.operators) { change in
        ChangeRow(
          name: change.operatorID.map { operatorName(of: $0) } ?? people.text("operator_unknown"),
          reversed: people.number(change.ridesReversed), added: people.number(change.ridesAdded),
          before: Self.known(
            people.money(change.beforeMinor, change.currency), change.withoutFareBefore, people),
          after: Self.known(
            people.money(change.afterMinor, change.currency), change.withoutFareAfter, people),
          difference: people.money(change.afterMinor - change.beforeMinor, change.currency))
      },
      largest: Listing(preview.largest) { change in
        ChangeRow(
          name: change.rider.description, isoDay: order.firstDay.description,
          before: people.money(change.beforeMinor, change.currency),
          after: people.money(change.afterMinor, change.currency),
          difference: people.money(change.afterMinor - change.beforeMinor, change.currency))
      },
      mayApprove: order.state == .requested,
      mayRefuse: [.requested, .previewing, .looking].contains(order.state))
  }

  private func facts(
    of order: ReratingOrder, _ preview: RatingPreview, _ people: People
  ) -> [(name: String, value: String)] {
    func who(_ person: Person?, _ moment: Instant?) -> String? {
      guard let person else { return nil }
      return ([person.label] + [moment.map { people.moment($0) }].compactMap { $0 })
        .joined(separator: ", ")
    }
    func two(_ first: Int, _ second: Int) -> String {
      "\(people.number(first)) / \(people.number(second))"
    }
    let decides =
      order.needsApproval
      ? "\(people.text("rating_another")) \(order.requestedBy.label)"
      : people.text("rating_anybody")
    let facts: [(String, String?)] = [
      ("claim_state", Self.state(of: order, people)),
      ("rating_of", Self.basis(of: order, people)),
      ("rating_change", change(of: order, people)),
      ("rating_riders", two(preview.riders, preview.riderDays)),
      ("rating_changed", two(preview.changedRiders, preview.changedDays)),
      (
        "rating_placed",
        preview.tapsPlacedAnew == 0 ? nil : people.number(preview.tapsPlacedAnew)
      ),
      (
        "rating_shared",
        preview.ridesSharedAnew == 0 ? nil : people.number(preview.ridesSharedAnew)
      ),
      ("rating_asked", who(order.requestedBy, order.requestedAt)),
      ("rating_who_decides", order.state == .requested ? decides : nil),
      ("rating_decided", who(order.decidedBy, order.decidedAt)),
      ("rating_marked", order.staleDays.map { people.number($0) }),
      ("rating_fault", order.fault),
    ]
    return facts.compactMap { name, value in value.map { (name, $0) } }
  }

  /// A sum of fares, and how many rides beside it have none that is known.
  private static func known(_ sum: String, _ withoutFare: Int, _ people: People) -> String {
    guard withoutFare > 0 else { return sum }
    return "\(sum) (\(people.text("rating_without_fare")): \(people.number(withoutFare)))"
  }

  private static func days(of order: ReratingOrder, _ people: People) -> String {
    order.firstDay == order.lastDay
      ? people.day(order.firstDay)
      : "\(people.day(order.firstDay)) – \(people.day(order.lastDay))"
  }

  private static func basis(of order: ReratingOrder, _ people: People) -> String {
    if let feed = order.feedID { return "\(people.text("rating_of_network")) \(feed)" }
    return people.text(order.tariffSource == nil ? "rating_of_period" : "rating_of_tariff")
  }

  private static func state(of order: ReratingOrder, _ people: People) -> String {
    people.text("rating_state_\(order.state.rawValue)")
      + (order.share.map { ", \(Int($0 * 100))\u{00A0}%" } ?? "")
  }

  /// The change that a limit is held against, in the currency that changes most.
  private func change(of order: ReratingOrder, _ people: People) -> String {
    let changes = (try? RatingPreview(kept: order.preview))?.changes ?? [:]
    let most = changes.max { ($0.value, $0.key.code) < ($1.value, $1.key.code) }?.key
    guard let currency = most ?? services.city.current.book?.versions.last?.currency else {
      return people.number(order.changeMinor)
    }
    return people.money(order.changeMinor, currency)
  }

  /// Approves or refuses an order, as the form of the page asks.
  func ratingAct(_ request: WebRequest) async throws -> Answer {
    let (fields, grant) = try await fieldsOfAct(request, like: .ratingApprove)
    guard let id = fields["order"].flatMap({ Int64($0) }), id > 0,
      let act = fields["act"], ["approve", "refuse"].contains(act)
    else {
      throw Problem(.badRequest, "bad_form", "The form needs an order and what is to be done.")
    }
    let person = Person(
      label: grant.label, tokenDigest: AccessTokenText.digest(of: fields["token"]?.trimmed ?? ""))
    // The order may be of a network that another process imported.
    try await services.city.reload(from: services.store)
    let outcome =
      act == "approve"
      ? try await rerating.approve(id, by: person, at: request.receivedAt)
      : try await rerating.refuse(id, by: person, at: request.receivedAt)
    if case .refused(let why) = outcome { throw Problem(.conflict, "order_refused", why) }
    return Answer.redirect(to: "\(Endpoint.ratingPage.path)?order=\(id)")
  }
}
