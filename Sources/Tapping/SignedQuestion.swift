package import Basics

/// What a device signs of a request that has no body: where it goes, and when.
///
/// Without the time, whoever saw one request could ask the same for as long as the key is good.
package enum SignedQuestion {
  /// Name of the header field that holds the time as it was signed.
  package static let timeField = "Kvytok-Time"
  /// Most that the time may differ from the service's clock, seconds.
  package static let clockSecondsMax: Int64 = 600

  /// The bytes that are signed: four lines, each ended by one line feed.
  ///
  /// The time is the header's text, the target the path with its query as it stands in the request line.
  package static func message(device: String, time: String, target: String) -> [UInt8] {
    Array("kvytok-get 1\ndevice \(device)\nat \(time)\ntarget \(target)\n".utf8)
  }

  /// Whether a time is near enough to now.
  package static func isOfNow(_ time: Instant, at moment: Instant) -> Bool {
    let range =
      moment.adding(seconds: -clockSecondsMax)...moment.adding(seconds: clockSecondsMax)
    return range.contains(time)
  }
}
