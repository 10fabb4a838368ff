package import Basics
import Transit

/// A pass or carnet as it is for sale to a category of riders.
package struct ProductOffer: Hashable, Sendable {
  /// How long it is valid.
  package enum Validity: Hashable, Sendable {
    /// Fare days from its first, which counts as one.
    case days(Int)
    case microseconds(Int64)
    /// To the same date so many months later, exclusive.
    case months(Int)
    case calendarMonth
  }

  package let product: String
  package let category: String
  package let tariffVersion: String
  package let currency: Currency
  /// Minor units; nil when the tariff names no price for the category: it is not for sale to it.
  package let priceMinor: Int64?
  package let validity: Validity
  /// Whether validity begins with the first ride and not with the purchase.
  package let startsAtFirstUse: Bool
  /// Rides on it; nil when there is no limit.
  package let ridesMax: Int?
}

extension CompiledTariff {
  /// The offer of a product to a category at a moment; nil when there is no such product.
  package func offer(of product: String, to category: String, at moment: Instant) -> ProductOffer? {
    guard let rule = tables.products.first(where: { $0.name == product }) else { return nil }
    let buyer = FareTap(ref: 0, at: moment, kind: .single, medium: .card, category: category)
    var ride = Ride(
      on: prepare(buyer, index: 0), status: .single, day: cityClock.fareDay(of: moment).number)
    var meter = FareMeter(self)
    let known = meter.knownCategory(ride)
    // Who rides free has no use for what others ride by, unless the product names them.
    if known >= 0, !tables.categories[known].isFree { meter.take(known, for: &ride) }
    meter.classify(&ride)
    let price = self.price(rule.priceNode, ride)
    let validity: ProductOffer.Validity =
      switch rule.validity {
      case .days(let count): .days(count)
      case .microseconds(let length): .microseconds(length)
      case .months(let count): .months(count)
      case .calendarMonth: .calendarMonth
      }
    return ProductOffer(
      product: product, category: category, tariffVersion: version, currency: currency,
      priceMinor: price == unknownMinor ? nil : price, validity: validity,
      startsAtFirstUse: rule.startsAtFirstUse,
      ridesMax: rule.tripsMax > 0 ? rule.tripsMax : nil)
  }
}

extension RiderState {
  /// Takes products out of a rider's hands that were given back, one for each; those not held are no fault.
  package mutating func giveBack(_ purchases: [FarePurchase]) {
    for purchase in purchases {
      // Of several from one moment rides use the first one first: the last is the one that is used least.
      let place = holdings.lastIndex {
        $0.tag == tag(purchase.product) && $0.boughtAt == purchase.at.microseconds
      }
      if let place { holdings.remove(at: place) }
    }
    // What is given back carries no ride that is still open: it is rated by what the others have left.
    if !purchases.isEmpty { evening = nil }
  }
}
