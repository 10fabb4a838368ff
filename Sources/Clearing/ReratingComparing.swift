import Basics
import Store
import Tariff

/// Whether an order still changes what was shown of it.
extension Rerating {
  /// What of a preview the limit is held against: of a network's order what it changes itself.
  ///
  /// What days that wait for a rating change is rated by a network in force without any order.
  static func changeMinor(of order: ReratingOrder, _ preview: RatingPreview) -> Int64 {
    order.feedID == nil ? preview.changeMinor : preview.orderedMinor
  }

  /// Lets an approved order be carried out where it changes no more than was shown; else it waits again, with
  /// what it changes now, and says by how much it has grown.
  ///
  /// While it waits, days are rated for late taps, and by what is published: so an order becomes smaller, and
  /// new rides of such days add to it. That is no other change as long as it comes to no more than one
  /// person may change alone; a network's order may not grow at all.
  static func compare(
    _ order: inout ReratingOrder, with found: RatingPreview, askedOn asked: Day,
    in db: StoreSession
  ) async throws {
    let growth = try growthMinor(of: order, found, askedOn: asked)
    let mostMinor = order.feedID == nil ? max(0, try await limitMinor(in: db)) : 0
    order.fault =
      growth > mostMinor
      ? "Order \(order.id) would change fares by \(growth) minor units more now than was shown: see "
        + "`kvytok rate show \(order.id)`, and approve it anew." : nil
    if order.fault != nil || order.feedID != nil {
      (order.preview, order.changeMinor) = (found.text, changeMinor(of: order, found))
    } else {
      // What was approved is kept as it was shown, and that it holds as the city stands now.
      var shown = try RatingPreview(kept: order.preview)
      shown.edition = found.edition
      order.preview = shown.text
    }
    order.compared = nil
    order.state = order.fault == nil ? .marking : .requested
    if order.fault != nil { (order.decidedBy, order.decidedAt) = (nil, nil) }
  }

  /// By how much an order changes more than was shown.
  ///
  /// A tariff changes what is ridden after it was asked for as well, as every tariff does: of an order with
  /// one the fare days before that day are compared.
  private static func growthMinor(
    of order: ReratingOrder, _ found: RatingPreview, askedOn asked: Day
  ) throws -> Int64 {
    let more = max(0, changeMinor(of: order, found) - order.changeMinor)
    guard order.feedID == nil else { return more }
    func changes(_ days: [RatingPreview.DayChange]) -> [RatingPreview.DayKey: Int64] {
      var sums: [RatingPreview.DayKey: Int64] = [:]
      for change in days where order.tariffSource == nil || change.day < asked {
        sums[RatingPreview.DayKey(day: change.day, currency: change.currency), default: 0] +=
          change.afterMinor - change.beforeMinor
      }
      return sums
    }
    let shown = changes(try RatingPreview.days(of: order.preview) ?? [])
    var grown: [Currency: Int64] = [:]
    for (key, now) in changes(found.days) {
      let before = shown[key] ?? 0
      // As far as it goes beyond what was shown, and all of it where it goes the other way.
      grown[key.currency, default: 0] +=
        (before < 0) == (now < 0) ? max(0, abs(now) - abs(before)) : abs(now)
    }
    let byDay = grown.values.max() ?? 0
    return order.tariffSource == nil ? max(more, byDay) : byDay
  }
}

extension RatingPreview {
  /// A fare day and a currency.
  struct DayKey: Hashable {
    let day: Day
    let currency: Currency
  }
}
