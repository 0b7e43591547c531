export interface RateBucketsTable {
  tenant_id: string
  policy: string
  /** The hash of what the bucket is for: some of it is personal. */
  bucket_key: string
  /** Epoch ms with a fraction; what lies behind is full. */
  full_at: number
  /** JSON, by node. */
  leases: string
}
