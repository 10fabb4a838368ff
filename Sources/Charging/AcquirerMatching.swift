package import Basics

/// Compares the acquirer's records with ours, one after the other, each against what the ones before
/// it have left.
package struct AcquirerMatcher: Sendable {
  private struct SaleName: Hashable {
    let kind: KnownSale.Kind
    let reference: String
  }

  private var payments: [Int64: KnownPayment]
  private var refunds: [Int64: KnownRefund]
  private var sales: [SaleName: KnownSale]
  private let windows: [String: Int64]

  /// Starts from what stands here.
  package init(payments: [KnownPayment], refunds: [KnownRefund], sales: [KnownSale] = []) {
    self.payments = Dictionary(uniqueKeysWithValues: payments.map { ($0.windowID, $0) })
    self.refunds = Dictionary(uniqueKeysWithValues: refunds.map { ($0.refundID, $0) })
    self.sales = Dictionary(
      uniqueKeysWithValues: sales.map {
        (SaleName(kind: $0.kind, reference: $0.reference), $0)
      })
    windows = Dictionary(
      payments.compactMap { payment in payment.reference.map { ($0, payment.windowID) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// Tells how a payment stands after a line that it is not paid by: the lines after it find it so.
  package mutating func renew(_ windowID: Int64, as window: ChargeWindow) {
    guard var payment = payments[windowID] else { return }
    payment.openMinor = window.capturedMinor - window.settledMinor
    payment.settledMinor = window.settledMinor
    payment.isDeclined = window.declinedAt != nil && window.recoveredAt == nil
    payment.promisedMinor =
      [.authorised, .capturing].contains(window.state) ? window.dueMinor : 0
    payments[windowID] = payment
  }

  /// Matches a line of a funding file to what it is about.
  package mutating func match(_ record: FundingRecord) -> AcquirerMatch {
    switch record.kind {
    case .billing: billing(record)
    case .refund: matchRefund(record)
    case .capture, .decline, .chargeback: matchPayment(record)
    }
  }

  /// A bill: its fee is known for what it is, and what it takes besides is not.
  private func billing(_ record: FundingRecord) -> AcquirerMatch {
    guard record.grossMinor > 0 else { return AcquirerMatch(.matched) }
    return unknown(record, "billed besides the fee, for nothing that is known here")
  }

  private mutating func matchPayment(_ record: FundingRecord) -> AcquirerMatch {
    let subject = record.key.flatMap(ChargeKey.subject)
    var keyed: Int64?
    if case .window(let id, _) = subject { keyed = id }
    if keyed == nil, let sale = sales[SaleName(kind: .payment, reference: record.reference)] {
      guard windows[record.reference] == nil else {
        return unknown(record, "a charge window and a top-up or sale have the reference")
      }
      return match(record, to: sale)
    }
    let found = windows[record.reference] ?? keyed.flatMap { payments[$0] == nil ? nil : $0 }
    guard let found, let payment = payments[found] else {
      var match = unknown(record, "no payment here is called \(record.reference)")
      if keyed != nil { match.category = .missingHere }
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
    // Of a capture that it did not honour in part the acquirer pays the rest.
    if payment.isDeclined, payment.openMinor == 0 {
      return odd(.declined, record, payment, "paid, though it is declined here")
    }
    if payment.openMinor == 0 {
      return payment.settledMinor > 0
        ? odd(.twice, record, payment, "paid before")
        : odd(.missingHere, record, payment, "paid, though nothing was captured here")
    }
    var match = AcquirerMatch(.matched)
    match.windowID = payment.windowID
    match.newsMinor = news
    match.settle(
      record.grossMinor, openMinor: payment.openMinor,
      note: "captured \(payment.openMinor), paid \(record.grossMinor)")
    payment.openMinor -= match.settledMinor
    payment.settledMinor += match.settledMinor
    payments[payment.windowID] = payment
    return match
  }

  private mutating func matchRefund(_ record: FundingRecord) -> AcquirerMatch {
    guard case .refund(let id) = record.key.flatMap(ChargeKey.subject) else {
      if let sale = sales[SaleName(kind: .refund, reference: record.reference)] {
        return match(record, to: sale)
      }
      return unknown(record, "no refund here is called \(record.reference)")
    }
    guard var refund = refunds[id] else {
      var match = unknown(record, "refund \(id) is not known here")
      match.category = .missingHere
      return match
    }
    var match = AcquirerMatch(.matched)
    match.windowID = refund.windowID
    match.refundID = id
    guard refund.currency == record.currency else {
      match.reject(
        .unknown, record, "kept in \(record.currency), given back in \(refund.currency)")
      return match
    }
    let open = refund.minor - refund.keptMinor
    guard open > 0 else {
      match.reject(.twice, record, "kept before")
      return match
    }
    match.newsMinor = refund.isAsked ? refund.minor : nil
    match.settle(
      record.grossMinor, openMinor: open, note: "given back \(open), kept \(record.grossMinor)")
    // A second line about the rest tells nothing new.
    refund.isAsked = false
    refund.keptMinor += match.settledMinor
    refunds[id] = refund
    return match
  }

  /// A top-up or sale that the acquirer pays, or a refund of one that it keeps.
  private mutating func match(_ record: FundingRecord, to known: KnownSale) -> AcquirerMatch {
    var sale = known
    var match = AcquirerMatch(.matched)
    match.saleID = sale.saleID
    let done = sale.kind == .payment ? "paid" : "kept"
    guard sale.currency == record.currency else {
      match.reject(.unknown, record, "\(done) in \(record.currency), sold in \(sale.currency)")
      return match
    }
    switch record.kind {
    case .decline:
      guard sale.isTopUp else {
        match.reject(
          .notHonoured, record,
          "a pass or carnet that the acquirer does not pay: it is decided by hand")
        return match
      }
      // What was given back, or is disputed, is known where it is booked.
      match.category = .declined
      sale.declinedMinor += min(record.grossMinor, sale.openMinor)
      sales[SaleName(kind: sale.kind, reference: sale.reference)] = sale
      return match
    case .chargeback:
      if !sale.isTopUp {
        match.reject(.unknown, record, "a dispute about a pass or carnet: it is decided by hand")
      }
      return match
    case .capture, .refund, .billing: break
    }
    let open = sale.openMinor
    guard open > 0 else {
      guard sale.declinedMinor == 0 else {
        match.reject(.declined, record, "\(done), though the acquirer said that it does not pay it")
        return match
      }
      match.reject(.twice, record, "\(done) before")
      return match
    }
    match.settle(
      record.grossMinor, openMinor: open,
      note: "\(sale.kind == .payment ? "sold" : "given back") \(open), \(done) \(record.grossMinor)"
    )
    sale.settledMinor += match.settledMinor
    sales[SaleName(kind: sale.kind, reference: sale.reference)] = sale
    return match
  }

  private func unknown(_ record: FundingRecord, _ note: String) -> AcquirerMatch {
    var match = AcquirerMatch(.unknown)
    match.reject(.unknown, record, note)
    return match
  }

  private func odd(
    _ category: MatchCategory, _ record: FundingRecord, _ payment: KnownPayment, _ note: String
  ) -> AcquirerMatch {
    var match = AcquirerMatch(category)
    match.windowID = payment.windowID
    match.reject(category, record, note)
    return match
  }
}

extension AcquirerMatch {
  /// A line in another currency than its file: whatever it names, a person looks.
  package static func foreign(_ record: FundingRecord, in currency: Currency) -> AcquirerMatch {
    var match = AcquirerMatch(.unknown)
    match.reject(.unknown, record, "a line in \(record.currency) in a file in \(currency)")
    return match
  }

  /// Leaves the whole gross of a record to a person.
  fileprivate mutating func reject(
    _ category: MatchCategory, _ record: FundingRecord, _ note: String
  ) {
    self.category = category
    unmatchedMinor = record.grossMinor
    self.note = note
  }
}
