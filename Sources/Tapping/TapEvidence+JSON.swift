package import Basics

extension TapEvidence {
  /// Number of the form of the file.
  static let formVersion: Int64 = 1

  /// The evidence as a file that stands for itself.
  ///
  /// It holds the tap's token, as the signed bytes do.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("kvytok_evidence", Self.formVersion)
    writer.member("device", device)
    writer.member("epoch", epoch)
    writer.member("seq", seq)
    writer.member("batch", batchID)
    writer.member("received_at", receivedAt.description)
    writer.member("body_type", format.encoding.mediaType)
    writer.key("body_encoding")
    if let encoding = format.contentEncoding { writer.value(encoding) } else { writer.null() }
    writer.member("body", Base64.encode(body, .standard))
    writer.member("body_sha256", hexText(bodyDigest))
    if case .version(let version) = denyList {
      writer.key("deny_list_version")
      if let version { writer.value(version) } else { writer.null() }
    }
    writer.key("proof")
    writer.evidenceProof(proof)
    writer.member("register", register.description)
    writer.member("exported_at", exportedAt.description)
    writer.endObject()
    return writer.bytes
  }

  /// Reads a file that ``json`` wrote; a fault says where and what.
  package init(json: [UInt8]) throws(JSONFault) {
    var reader = JSONReader(json)
    var draft = Draft()
    try reader.beginObject()
    while let key = try reader.nextKey() { try draft.read(key, &reader) }
    try reader.finish()
    self = try draft.evidence(&reader)
  }
}

/// The members of a file while it is read.
private struct Draft {
  private var form: Int64?
  private var texts: [String: String] = [:]
  private var numbers: [String: Int64] = [:]
  private var denyList = NamedDenyList.unnamed
  private var proof = EvidenceProofDraft()

  mutating func read(_ key: String, _ reader: inout JSONReader) throws(JSONFault) {
    switch key {
    case "kvytok_evidence": form = try reader.int64()
    case "epoch", "seq", "batch": numbers[key] = try reader.int64()
    case "proof": try proof.read(&reader)
    case "deny_list_version": denyList = .version(try reader.int64OrNil())
    case "body_encoding": texts[key] = try reader.stringOrNil()
    case "device", "received_at", "body_type", "body", "body_sha256", "register", "exported_at":
      texts[key] = try reader.string()
    default: try reader.skipValue()
    }
  }

  func evidence(_ reader: inout JSONReader) throws(JSONFault) -> TapEvidence {
    guard form == TapEvidence.formVersion else {
      throw reader.fault(
        at: "kvytok_evidence", "it must be \(TapEvidence.formVersion): this is no evidence file")
    }
    func need<Value>(_ name: String, _ value: Value?) throws(JSONFault) -> Value {
      guard let value else {
        throw reader.fault(at: name, "it is missing, or is not what it should be")
      }
      return value
    }
    return TapEvidence(
      device: try need("device", texts["device"]), epoch: try need("epoch", numbers["epoch"]),
      seq: try need("seq", numbers["seq"]), batchID: try need("batch", numbers["batch"]),
      receivedAt: try need("received_at", texts["received_at"].flatMap { Instant(iso8601: $0) }),
      format: try need("body_type", format),
      body: try need("body", texts["body"].flatMap { Base64.decode($0, .standard) }),
      bodyDigest: try need("body_sha256", texts["body_sha256"].flatMap(hexBytes)),
      denyList: denyList, proof: try need("proof", proof.proof),
      register: try need("register", texts["register"].flatMap { SequenceRanges($0) }),
      exportedAt: try need("exported_at", texts["exported_at"].flatMap { Instant(iso8601: $0) }))
  }

  private var format: BatchFormat? {
    guard let type = texts["body_type"] else { return nil }
    return try? BatchFormat(contentType: type, contentEncoding: texts["body_encoding"])
  }
}
