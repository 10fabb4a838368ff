import Basics
import Store
import Tariff

/// Whether an order still changes what was shown of it.
extension Rerating {
  /// Lets an approved order be carried out where it changes what was shown; else it waits again, and says
  /// what differs.
  ///
  /// Of a network's order the days that were rated since, for a late tap or a new one, were rated by the
  /// network already: so it becomes smaller as it waits, and only where it has grown it waits again, with
  /// what it changes now.
  static func compare(
    _ order: inout ReratingOrder, with found: RatingPreview, askedOn asked: Day
  ) throws {
    if order.feedID == nil {
      order.fault = try change(of: order, found, askedOn: asked)
    } else {
      order.fault = growth(of: order, found)
      (order.preview, order.changeMinor) = (found.text, found.orderedMinor)
    }
    order.compared = nil
    order.state = order.fault == nil ? .marking : .requested
    if order.fault != nil { (order.decidedBy, order.decidedAt) = (nil, nil) }
  }

  private static func growth(of order: ReratingOrder, _ found: RatingPreview) -> String? {
    guard found.orderedMinor > order.changeMinor else { return nil }
    return
      "Order \(order.id) would change fares by \(found.orderedMinor) minor units now, and was shown "
      + "with \(order.changeMinor): see `kvytok rate show \(order.id)`, and approve it anew."
  }

  /// What a person's own order changes otherwise than was shown; nil when it changes the same.
  ///
  /// A tariff changes what is ridden after it was asked for as well, as every tariff does: of an order
  /// with one the fare days before that day are compared.
  private static func change(
    of order: ReratingOrder, _ found: RatingPreview, askedOn asked: Day
  ) throws -> String? {
    func compared(_ days: [RatingPreview.DayChange]) -> [RatingPreview.DayChange] {
      order.tariffSource == nil ? days : days.filter { $0.day < asked }
    }
    let shown = try RatingPreview.days(of: order.preview) ?? []
    let (before, now) = (compared(shown), compared(found.days))
    guard before != now else { return nil }
    let odd = (before + now).filter { change in !before.contains(change) || !now.contains(change) }
    guard let first = odd.min(by: { ($0.day, $0.currency.code) < ($1.day, $1.currency.code) })
    else { return nil }
    func text(_ days: [RatingPreview.DayChange]) -> String {
      days.first { $0.day == first.day && $0.currency == first.currency }?.sentence ?? "nothing"
    }
    return
      "Order \(order.id) would change something else now than was shown. On \(first.day) it was "
      + "\(text(before)); now it is \(text(now)). Refuse it, and ask for it anew."
  }
}

extension RatingPreview.DayChange {
  /// What becomes of the rides of the day.
  fileprivate var sentence: String {
    let before = Money(minor: beforeMinor, currency: currency)
    let after = Money(minor: afterMinor, currency: currency)
    return "\(ridesReversed) rides of \(before) that become \(ridesAdded) of \(after)"
  }
}
