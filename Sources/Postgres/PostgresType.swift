/// A type of the server by its object identifier (`pg_type.oid`, fixed for built-in types).
struct PostgresType: Hashable {
  let oid: UInt32

  static let bool = PostgresType(oid: 16)
  static let bytea = PostgresType(oid: 17)
  static let char = PostgresType(oid: 18)
  static let name = PostgresType(oid: 19)
  static let int8 = PostgresType(oid: 20)
  static let int2 = PostgresType(oid: 21)
  static let int4 = PostgresType(oid: 23)
  static let text = PostgresType(oid: 25)
  static let oid = PostgresType(oid: 26)
  static let json = PostgresType(oid: 114)
  static let float4 = PostgresType(oid: 700)
  static let float8 = PostgresType(oid: 701)
  static let unknown = PostgresType(oid: 705)
  static let bpchar = PostgresType(oid: 1042)
  static let varchar = PostgresType(oid: 1043)
  static let date = PostgresType(oid: 1082)
  static let timestamptz = PostgresType(oid: 1184)
  static let numeric = PostgresType(oid: 1700)
  static let uuid = PostgresType(oid: 2950)
  static let jsonb = PostgresType(oid: 3802)
  static let int8multirange = PostgresType(oid: 4536)

  static let boolArray = PostgresType(oid: 1000)
  static let byteaArray = PostgresType(oid: 1001)
  static let int2Array = PostgresType(oid: 1005)
  static let int4Array = PostgresType(oid: 1007)
  static let textArray = PostgresType(oid: 1009)
  static let int8Array = PostgresType(oid: 1016)
  static let float8Array = PostgresType(oid: 1022)
  static let dateArray = PostgresType(oid: 1182)
  static let timestamptzArray = PostgresType(oid: 1185)
  static let numericArray = PostgresType(oid: 1231)
  static let uuidArray = PostgresType(oid: 2951)
  static let jsonbArray = PostgresType(oid: 3807)
  static let int8multirangeArray = PostgresType(oid: 6157)

  /// The server decides; what a lone null is sent as.
  static let unspecified = PostgresType(oid: 0)

  /// From here on types are made by users: enumerations, extensions.
  private static let firstUserOID: UInt32 = 16_384

  /// Whether the type is none of the server's own.
  var isUserMade: Bool { oid >= PostgresType.firstUserOID }

  private static let names: [UInt32: String] = [
    16: "bool", 17: "bytea", 18: "char", 19: "name", 20: "int8", 21: "int2", 23: "int4",
    25: "text", 26: "oid", 114: "json", 700: "float4", 701: "float8", 705: "unknown",
    1042: "bpchar", 1043: "varchar", 1082: "date", 1083: "time", 1114: "timestamp",
    1184: "timestamptz", 1186: "interval", 1700: "numeric", 2249: "record", 2278: "void",
    2950: "uuid", 3802: "jsonb", 3926: "int8range", 4536: "int8multirange", 1000: "bool[]",
    1001: "bytea[]", 1005: "int2[]", 1007: "int4[]", 1009: "text[]", 1015: "varchar[]",
    1016: "int8[]", 1022: "float8[]", 1182: "date[]", 1185: "timestamptz[]", 1231: "numeric[]",
    2951: "uuid[]", 3807: "jsonb[]", 6157: "int8multirange[]",
  ]
}

extension PostgresType: CustomStringConvertible {
  var description: String { PostgresType.names[oid] ?? "type \(oid)" }
}
