import Basics
import Store
import Tariff

/// Whether an order still changes what was shown of it.
extension Rerating {
  /// Why an order must not be approved as it was shown; nil when it changes the same.
  ///
  /// A tariff changes what is ridden after it was asked for as well, as every tariff does: of an order
  /// with one the fare days before that day are compared.
  func fault(of order: ReratingOrder) async throws -> String? {
    let tariff = try order.tariffSource.map(TariffPublication.source(of:))
    guard let shown = try RatingPreview.days(of: order.preview) else {
      return
        "Order \(order.id) does not tell what it changes by day. Refuse it, and ask for it anew."
    }
    let found: RatingPreview
    switch try await preview(order.firstDay...order.lastDay, tariff: tariff) {
    case .success(let preview): found = preview
    case .failure(let refusal): return refusal.description
    }
    let asked = city.fareDay(of: order.requestedAt)
    func compared(_ days: [RatingPreview.DayChange]) -> [RatingPreview.DayChange] {
      tariff == nil ? days : days.filter { $0.day < asked }
    }
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
