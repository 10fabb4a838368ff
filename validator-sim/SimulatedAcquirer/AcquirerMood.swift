/// How often a simulated acquirer misbehaves; each a share from 0 to 1.
package struct AcquirerMood: Sendable, Hashable {
  /// Payments and checks that are declined.
  package var declines: Double
  /// Questions that are carried out and never answered.
  package var silences: Double
  /// Messages that are sent twice.
  package var repeats: Double
  /// Questions that are answered with "wait", and later by a message.
  package var delays: Double
  /// Seconds after which a late message goes out, at most.
  package var delaySecondsMax: Int

  /// Makes a mood.
  package init(
    declines: Double = 0.05, silences: Double = 0.02, repeats: Double = 0.1,
    delays: Double = 0.05, delaySecondsMax: Int = 30
  ) {
    self.declines = declines
    self.silences = silences
    self.repeats = repeats
    self.delays = delays
    self.delaySecondsMax = delaySecondsMax
  }

  /// An acquirer as it should be.
  package static let perfect = AcquirerMood(declines: 0, silences: 0, repeats: 0, delays: 0)
}

/// What a simulated acquirer does with a question.
package struct AcquirerReply: Sendable, Hashable {
  package var status: Int
  package var body: [UInt8]
  /// No answer is given; what was asked is done all the same.
  package var isSilent = false
  /// Messages that go out later.
  package var messages: [LateMessage] = []

  /// Makes a reply.
  package init(status: Int, body: [UInt8]) {
    self.status = status
    self.body = body
  }
}

/// A message that goes out some time after a question.
package struct LateMessage: Sendable, Hashable {
  package let afterSeconds: Int
  package let body: [UInt8]
}

/// A payment in the books of a simulated acquirer.
package struct SimulatedPayment: Sendable, Hashable {
  package let key: String
  package let reference: String
  package let currency: String
  package let minor: Int64
  package internal(set) var isCaptured = false
  package internal(set) var isFunded = false
  package internal(set) var refundedMinor: Int64 = 0
}

/// A refund in the books of a simulated acquirer.
package struct SimulatedRefund: Sendable, Hashable {
  package let key: String
  package let paymentKey: String
  package let reference: String
  package let currency: String
  package let minor: Int64
  package internal(set) var isFunded = false
}
