package import Basics

/// What an acquirer's record turns out to be.
package enum MatchCategory: String, Sendable, CaseIterable, Hashable {
  /// It says what the books say.
  case matched
  /// We captured, and the acquirer says nothing of it.
  case missingThere = "missing_there"
  /// The acquirer speaks of a payment under one of our keys of which we hold no capture.
  case missingHere = "missing_here"
  case amountDiffers = "amount_differs"
  /// It was said and counted before.
  case twice
  /// The payment is declined here.
  case declined
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
  /// The acquirer has kept it from a funding already.
  package var isSettled: Bool
  /// The acquirer was asked for it and is not known to have given it.
  package let isAsked: Bool

  /// Makes a refund.
  package init(
    refundID: Int64, windowID: Int64, currency: Currency, minor: Int64, isSettled: Bool,
    isAsked: Bool = false
  ) {
    self.refundID = refundID
    self.windowID = windowID
    self.currency = currency
    self.minor = minor
    self.isSettled = isSettled
    self.isAsked = isAsked
  }
}

/// What a record was matched to, and how its money is split.
package struct AcquirerMatch: Sendable, Hashable {
  package var category: MatchCategory
  package var windowID: Int64?
  package var refundID: Int64?
  /// Of the gross: what settles the payment or the refund.
  package var settledMinor: Int64 = 0
  /// Of the gross: what matches nothing and waits for a person.
  package var unmatchedMinor: Int64 = 0
  /// What the record itself tells to be captured or given back; nil when that is known already.
  package var newsMinor: Int64?
  /// What to look at; nil when all is well.
  package var note: String?

  /// Makes a match.
  package init(_ category: MatchCategory) { self.category = category }
}

/// Compares the acquirer's records with ours, one after the other, each against what the ones before
/// it have left.
package struct AcquirerMatcher: Sendable {
  private var payments: [Int64: KnownPayment]
  private var refunds: [Int64: KnownRefund]
  private let windows: [String: Int64]

  /// Starts from what stands here.
  package init(payments: [KnownPayment], refunds: [KnownRefund]) {
    self.payments = Dictionary(uniqueKeysWithValues: payments.map { ($0.windowID, $0) })
    self.refunds = Dictionary(uniqueKeysWithValues: refunds.map { ($0.refundID, $0) })
    windows = Dictionary(
      payments.compactMap { payment in payment.reference.map { ($0, payment.windowID) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// Matches a deposit, a refund, a decline or a dispute to what it is about.
  package mutating func match(_ record: FundingRecord) -> AcquirerMatch {
    switch record.kind {
    case .billing: return AcquirerMatch(.matched)
    case .refund: return matchRefund(record)
    case .capture, .decline, .chargeback:
      let subject = record.key.flatMap(ChargeKey.subject)
      var keyed: Int64?
      if case .window(let id, _) = subject { keyed = id }
      let found = windows[record.reference] ?? keyed.flatMap { payments[$0] == nil ? nil : $0 }
      guard let found, let payment = payments[found] else {
        var match = AcquirerMatch(keyed == nil ? .unknown : .missingHere)
        match.unmatchedMinor = record.grossMinor
        match.note = "no payment here is called \(record.reference)"
        return match
      }
      if let keyed, keyed != found {
        return odd(.unknown, record, payment, "reference and key name two payments")
      }
      guard payment.currency == record.currency else {
        return odd(
          .unknown, record, payment, "paid in \(record.currency), owed in \(payment.currency)")
      }
      guard case .capture = record.kind else {
        var match = AcquirerMatch(.matched)
        match.windowID = found
        return match
      }
      return deposit(record, payment)
    }
  }

  private mutating func deposit(
    _ record: FundingRecord, _ known: KnownPayment
  ) -> AcquirerMatch {
    var payment = known
    var news: Int64?
    // Money under the name of what we asked to be captured is the answer that got lost. A name that
    // an earlier try had is not, because a payment has the name of its last one.
    if payment.promisedMinor > 0, payment.reference == record.reference {
      news = payment.promisedMinor
      payment.openMinor += payment.promisedMinor
      payment.promisedMinor = 0
      payment.isDeclined = false
    }
    if payment.isDeclined {
      return odd(.declined, record, payment, "paid, though it is declined here")
    }
    if payment.openMinor == 0 {
      return payment.settledMinor > 0
        ? odd(.twice, record, payment, "paid before")
        : odd(.missingHere, record, payment, "paid, though nothing was captured here")
    }
    var match = AcquirerMatch(record.grossMinor == payment.openMinor ? .matched : .amountDiffers)
    match.windowID = payment.windowID
    match.newsMinor = news
    match.settledMinor = min(record.grossMinor, payment.openMinor)
    match.unmatchedMinor = record.grossMinor - match.settledMinor
    if match.category == .amountDiffers {
      match.note = "captured \(payment.openMinor), paid \(record.grossMinor)"
    }
    var rest = payment
    rest.openMinor -= match.settledMinor
    rest.settledMinor += match.settledMinor
    payments[payment.windowID] = rest
    return match
  }

  private mutating func matchRefund(_ record: FundingRecord) -> AcquirerMatch {
    var match = AcquirerMatch(.unknown)
    match.unmatchedMinor = record.grossMinor
    guard case .refund(let id) = record.key.flatMap(ChargeKey.subject) else {
      match.note = "no refund here is called \(record.reference)"
      return match
    }
    guard var refund = refunds[id] else {
      match.category = .missingHere
      match.note = "refund \(id) is not known here"
      return match
    }
    match.windowID = refund.windowID
    match.refundID = id
    guard refund.currency == record.currency else {
      match.note = "kept in \(record.currency), given back in \(refund.currency)"
      return match
    }
    guard !refund.isSettled else {
      match.category = .twice
      match.note = "kept before"
      return match
    }
    match.category = record.grossMinor == refund.minor ? .matched : .amountDiffers
    match.newsMinor = refund.isAsked ? refund.minor : nil
    match.settledMinor = min(record.grossMinor, refund.minor)
    match.unmatchedMinor = record.grossMinor - match.settledMinor
    if match.category == .amountDiffers {
      match.note = "given back \(refund.minor), kept \(record.grossMinor)"
    }
    refund.isSettled = true
    refunds[id] = refund
    return match
  }

  private func odd(
    _ category: MatchCategory, _ record: FundingRecord, _ payment: KnownPayment, _ note: String
  ) -> AcquirerMatch {
    var match = AcquirerMatch(category)
    match.windowID = payment.windowID
    match.unmatchedMinor = record.grossMinor
    match.note = note
    return match
  }
}
