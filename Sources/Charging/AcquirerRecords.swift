package import Basics

/// What an acquirer's record turns out to be.
package enum MatchCategory: String, Sendable, CaseIterable, Hashable {
  /// It says what the books say.
  case matched
  /// We captured or sold, and the acquirer says nothing of it.
  case missingThere = "missing_there"
  /// The acquirer speaks of a payment under one of our keys of which we hold no capture.
  case missingHere = "missing_here"
  case amountDiffers = "amount_differs"
  /// It was said and counted before.
  case twice
  /// The payment is declined here.
  case declined
  /// The acquirer does not pay a capture, a top-up or a sale of which that cannot be booked by itself: a
  /// person has to look.
  case notHonoured = "not_honoured"
  /// Nothing of ours has that name, or the currency is another.
  case unknown
}

/// A payment by card as it stands here.
package struct KnownPayment: Sendable, Hashable {
  package let windowID: Int64
  package let currency: Currency
  /// The acquirer's name of it; nil when there is none.
  package var reference: String?
  /// Captured and not funded yet, in minor units.
  package var openMinor: Int64
  /// Funded by the acquirer so far.
  package var settledMinor: Int64
  /// The last answer was a decline.
  package var isDeclined: Bool
  /// Promised to us or asked to be captured, and not known to be captured yet.
  package var promisedMinor: Int64

  /// Makes a payment.
  package init(
    windowID: Int64, currency: Currency, reference: String?, openMinor: Int64,
    settledMinor: Int64, isDeclined: Bool, promisedMinor: Int64 = 0
  ) {
    self.windowID = windowID
    self.currency = currency
    self.reference = reference
    self.openMinor = openMinor
    self.settledMinor = settledMinor
    self.isDeclined = isDeclined
    self.promisedMinor = promisedMinor
  }
}

/// A refund as it stands here.
package struct KnownRefund: Sendable, Hashable {
  package let refundID: Int64
  package let windowID: Int64
  package let currency: Currency
  package let minor: Int64
  /// What the acquirer has kept from fundings so far.
  package var keptMinor: Int64
  /// The acquirer is not known to have given it: it was asked, or is to be.
  package var isAsked: Bool

  /// Makes a refund.
  package init(
    refundID: Int64, windowID: Int64, currency: Currency, minor: Int64, keptMinor: Int64 = 0,
    isAsked: Bool = false
  ) {
    self.refundID = refundID
    self.windowID = windowID
    self.currency = currency
    self.minor = minor
    self.keptMinor = keptMinor
    self.isAsked = isAsked
  }
}

/// A top-up or sale by card that no charge window has, or what goes back of one, as it stands here.
package struct KnownSale: Sendable, Hashable {
  /// Which way the money goes.
  package enum Kind: String, Sendable, CaseIterable {
    /// The acquirer owes it.
    case payment
    /// The acquirer gave it back to a card, and keeps it.
    case refund
  }

  package let saleID: Int64
  package let kind: Kind
  /// The acquirer's name of it.
  package let reference: String
  package let currency: Currency
  package let minor: Int64
  /// Paid, or kept, by fundings so far.
  package var settledMinor: Int64
  /// What the acquirer does not pay, by fundings so far.
  package var declinedMinor: Int64
  /// Whether it put money on a card; else it paid a pass or carnet.
  package let isTopUp: Bool

  /// Makes a sale.
  package init(
    saleID: Int64, kind: Kind, reference: String, currency: Currency, minor: Int64,
    settledMinor: Int64 = 0, declinedMinor: Int64 = 0, isTopUp: Bool = false
  ) {
    self.isTopUp = isTopUp
    self.saleID = saleID
    self.kind = kind
    self.reference = reference
    self.currency = currency
    self.minor = minor
    self.settledMinor = settledMinor
    self.declinedMinor = declinedMinor
  }

  /// What a line may still pay, or keep, of it.
  var openMinor: Int64 { minor - settledMinor - declinedMinor }
}

/// What a record was matched to, and how its money is split.
package struct AcquirerMatch: Sendable, Hashable {
  package var category: MatchCategory
  package var windowID: Int64?
  package var refundID: Int64?
  package var saleID: Int64?
  /// Of the gross: what settles the payment, the refund or the dispute.
  package var settledMinor: Int64 = 0
  /// Of the gross: what matches nothing and waits for a person.
  package var unmatchedMinor: Int64 = 0
  /// What the record itself tells to be captured or given back; nil when that is known already.
  package var newsMinor: Int64?
  /// What to look at; nil when all is well.
  package var note: String?

  /// Makes a match.
  package init(_ category: MatchCategory) { self.category = category }

  /// Splits a gross into what settles something that is open, and what is too much.
  package mutating func settle(_ grossMinor: Int64, openMinor: Int64, note: String) {
    category = grossMinor == openMinor ? .matched : .amountDiffers
    settledMinor = min(grossMinor, openMinor)
    unmatchedMinor = grossMinor - settledMinor
    if category == .amountDiffers { self.note = note }
  }
}
