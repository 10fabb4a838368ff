import CLibPQ

/// Field codes of an error report (`src/include/postgres_ext.h`).
private enum ErrorField {
  static let sqlState = Int32(UInt8(ascii: "C"))
  static let message = Int32(UInt8(ascii: "M"))
  static let detail = Int32(UInt8(ascii: "D"))
  static let hint = Int32(UInt8(ascii: "H"))
  static let table = Int32(UInt8(ascii: "t"))
  static let constraint = Int32(UInt8(ascii: "n"))
}

extension PostgresError {
  /// What the server reported in a result.
  init(result: OpaquePointer?) {
    func field(_ code: Int32) -> String? {
      PQresultErrorField(result, code).map { String(cString: $0) }
    }
    let sqlState = field(ErrorField.sqlState)
    self.init(
      kind: PostgresError.kind(sqlState: sqlState),
      message: field(ErrorField.message)
        ?? PQresultErrorMessage(result).map { trim(String(cString: $0)) } ?? "no reason given",
      sqlState: sqlState, detail: field(ErrorField.detail), hint: field(ErrorField.hint),
      constraint: field(ErrorField.constraint), table: field(ErrorField.table))
  }

  /// Without a state the fault is libpq's own: the connection is gone.
  private static func kind(sqlState: String?) -> Kind {
    guard let sqlState else { return .connection }
    if sqlState.hasPrefix("08") || sqlState.hasPrefix("57P") { return .connection }
    switch sqlState {
    // Cancelled by a limit (nobody else's cancel request reaches a caller), a lock not had in
    // time, a transaction left alone for too long.
    case PostgresError.queryCanceled, "55P03", "25P03": return .timeout
    default: return .server
    }
  }

  /// A connection that could not be made, from libpq's message with the verbosity set to show
  /// states: `connection to server … failed: FATAL:  28P01: password authentication failed …`.
  init(connecting message: String, to place: String) {
    var text = trim(message)
    if let location = text.firstRange(of: " LOCATION:") {
      text = String(text[..<location.lowerBound])
    }
    let words = text.split(separator: " ")
    let state = words.first { word in
      word.utf8.count == 6 && word.hasSuffix(":")
        && word.dropLast().utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
        && word.utf8.contains { (48...57).contains($0) }
    }
    self.init(
      kind: .connection, message: "no connection to \(place): \(text)",
      sqlState: state.map { String($0.dropLast()) })
  }

  /// Whether connecting again would meet the same refusal: a wrong password, no such database.
  var isFinalForConnecting: Bool {
    guard let sqlState else { return false }
    return sqlState.hasPrefix("28") || sqlState == "3D000" || sqlState == "0A000"
  }
}
