import Basics
import Transit

/// What the fields of a tap say that hold no text: numbers only, so that a tap that is only checked
/// counts no references.
struct ProtobufTapParts {
  var seq: Int64 = 0
  var at = Instant(microseconds: 0)
  var kind = TapKind.single
  var medium = MediumKind.card
  /// Where the token lies in the body.
  var token = 0..<0
  var riders = 1
  var direction: Int?
  var isDenied = false
  var hasDenyReason = false
  var hasLatitude = false
  var hasLongitude = false
  var latitude = 0.0
  var longitude = 0.0
}

extension ProtobufBatchDecoder {
  /// A tap of which nothing is known yet.
  static let blank = Tap(
    seq: 0, at: Instant(microseconds: 0), kind: .single, medium: .card, token: [])
}

extension Tap {
  /// Puts the numbers beside the texts.
  mutating func take(_ parts: ProtobufTapParts, _ coordinate: Coordinate?) {
    seq = parts.seq
    at = parts.at
    kind = parts.kind
    medium = parts.medium
    riders = parts.riders
    direction = parts.direction
    self.coordinate = coordinate
    // The reason was put in when it was read.
    if !parts.isDenied {
      result = .accepted
    } else if case .accepted = result {
      result = .denied(reason: nil)
    }
  }
}
