package import Basics

extension EntryInclusion {
  /// The proof as JSON, to be kept in a file and checked without the database.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("kvytok_proof", 1)
    writer.key("entry")
    writer.entry(entry)
    writer.key("path")
    writer.beginObject()
    writer.member("index", path.index)
    writer.member("count", path.count)
    writer.key("hashes")
    writer.beginArray()
    for hash in path.hashes { writer.value(hexText(hash)) }
    writer.endArray()
    writer.endObject()
    writer.member("period", proof.period)
    writer.member("previous_root", hexText(proof.previousRoot))
    writer.key("trees")
    writer.beginArray()
    for tree in proof.trees {
      writer.beginObject()
      writer.member("table", tree.table)
      writer.member("leaves", tree.leaves)
      writer.member("root", hexText(tree.root))
      writer.endObject()
    }
    writer.endArray()
    writer.member("root", hexText(proof.root))
    writer.endObject()
    return writer.bytes
  }

  /// Reads a proof; what it says about its own root is not believed but worked out anew.
  package init(json: [UInt8]) throws(JSONFault) {
    var reader = JSONReader(json)
    var parts = ProofParts()
    try reader.beginObject()
    while let key = try reader.nextKey() {
      switch key {
      case "entry": parts.entry = try reader.entry()
      case "path": parts.path = try reader.path()
      case "period": parts.period = try reader.string()
      case "previous_root": parts.previousRoot = try reader.hash()
      case "trees": parts.trees = try reader.trees()
      default: try reader.skipValue()
      }
    }
    try reader.finish()
    guard let entry = parts.entry, let path = parts.path, let period = parts.period,
      let previousRoot = parts.previousRoot
    else {
      throw JSONFault(
        pointer: "", message: "a proof has entry, path, period, previous_root and trees")
    }
    self.init(
      entry: entry, path: path,
      proof: PeriodProof(period: period, previousRoot: previousRoot, trees: parts.trees))
  }
}

private struct ProofParts {
  var entry: RecordedEntry?
  var path: MerklePath?
  var period: String?
  var previousRoot: [UInt8]?
  var trees: [PeriodTree] = []
}

extension JSONWriter {
  fileprivate mutating func entry(_ entry: RecordedEntry) {
    beginObject()
    member("number", entry.number)
    member("kind", entry.kind)
    if let runID = entry.runID { member("run", runID) }
    member("accounting_date", entry.accountingDate.description)
    if let fareDay = entry.fareDay { member("fare_day", fareDay.description) }
    member("currency", entry.currency.code)
    member("description", entry.memo)
    key("postings")
    beginArray()
    for posting in entry.postings {
      beginObject()
      member("account", posting.account)
      if let operatorID = posting.operatorID { member("operator", operatorID) }
      if let category = posting.category { member("category", category) }
      member("debit_minor", posting.debitMinor)
      member("credit_minor", posting.creditMinor)
      endObject()
    }
    endArray()
    endObject()
  }
}

extension JSONReader {
  fileprivate mutating func hash() throws(JSONFault) -> [UInt8] {
    guard let bytes = hexBytes(try string()), bytes.count == MerkleHash.byteCount else {
      throw fault("a hash is written as 64 hexadecimal digits")
    }
    return bytes
  }

  fileprivate mutating func day() throws(JSONFault) -> Day {
    guard let day = Day(try string()) else { throw fault("a date is written as 2026-11-22") }
    return day
  }

  fileprivate mutating func entry() throws(JSONFault) -> RecordedEntry {
    guard let none = Currency("XTS") else { preconditionFailure("XTS is a currency's code") }
    var entry = RecordedEntry(
      number: 0, kind: "", runID: nil, accountingDate: Day(number: 0), fareDay: nil,
      currency: none, memo: "", postings: [], digest: [])
    try beginObject()
    while let key = try nextKey() {
      switch key {
      case "number": entry.number = try int64()
      case "kind": entry.kind = try string()
      case "run": entry.runID = try int64()
      case "accounting_date": entry.accountingDate = try day()
      case "fare_day": entry.fareDay = try day()
      case "currency":
        guard let currency = Currency(try string()) else {
          throw fault("a currency is three capital letters")
        }
        entry.currency = currency
      case "description": entry.memo = try string()
      case "postings":
        try beginArray()
        while try nextElement() { entry.postings.append(try posting()) }
      default: try skipValue()
      }
    }
    return entry
  }

  private mutating func posting() throws(JSONFault) -> Posting {
    var posting = Posting(account: "", debitMinor: 0, creditMinor: 0)
    try beginObject()
    while let key = try nextKey() {
      switch key {
      case "account": posting.account = try string()
      case "operator": posting.operatorID = try string()
      case "category": posting.category = try string()
      case "debit_minor": posting.debitMinor = try int64()
      case "credit_minor": posting.creditMinor = try int64()
      default: try skipValue()
      }
    }
    return posting
  }

  fileprivate mutating func path() throws(JSONFault) -> MerklePath {
    var index: Int64 = 0
    var count: Int64 = 0
    var hashes: [[UInt8]] = []
    try beginObject()
    while let key = try nextKey() {
      switch key {
      case "index": index = try int64()
      case "count": count = try int64()
      case "hashes":
        try beginArray()
        while try nextElement() { hashes.append(try hash()) }
      default: try skipValue()
      }
    }
    return MerklePath(index: Int(index), count: Int(count), hashes: hashes)
  }

  fileprivate mutating func trees() throws(JSONFault) -> [PeriodTree] {
    var trees: [PeriodTree] = []
    try beginArray()
    while try nextElement() {
      var table = ""
      var leaves: Int64 = 0
      var root: [UInt8] = []
      try beginObject()
      while let key = try nextKey() {
        switch key {
        case "table": table = try string()
        case "leaves": leaves = try int64()
        case "root": root = try hash()
        default: try skipValue()
        }
      }
      trees.append(PeriodTree(table: table, leaves: leaves, root: root))
    }
    return trees
  }
}
