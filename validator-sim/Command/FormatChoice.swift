import ArgumentParser
import Tapping

/// How simulated validators write their batches.
enum FormatChoice: String, ExpressibleByArgument, CaseIterable {
  case json, protobuf, mixed
  case packedJSON = "json+gzip"
  case packedProtobuf = "protobuf+gzip"

  /// The formats, to be dealt to the validators in turn.
  var formats: [BatchFormat] {
    switch self {
    case .mixed: BatchFormat.allCases
    default: BatchFormat(rawValue: rawValue).map { [$0] } ?? []
    }
  }
}
